"""What people do: every move checked and audited. Stores come in as ports."""
