"""Examples out of the contract: requests, and the answers that the upstream gives to them."""
