"""Property tests: requests and answers that nobody thought of, made from the contract."""
