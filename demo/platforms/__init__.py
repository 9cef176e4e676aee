"""One module for each platform: a web application that looks like it to a crawler."""
