"""Property tests: requests and answers generated from the contract."""
