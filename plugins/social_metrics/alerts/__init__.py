"""What may go wrong while nobody watches: a closed list of alerts, found, grouped, and told once."""
