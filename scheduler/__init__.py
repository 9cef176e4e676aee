"""What runs when: due work as leased rows, and the ticker that claims them."""
