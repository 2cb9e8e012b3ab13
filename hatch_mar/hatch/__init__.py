"""The plugins for hatchling; nothing else imports hatchling."""
