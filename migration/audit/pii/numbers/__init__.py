"""Numbers of people: phones, identity numbers, cards and accounts, birth dates."""
