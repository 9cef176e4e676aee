"""Short messages to group robots (企业微信, 钉钉, 飞书) and to webhooks, behind the Notifier."""
