"""What both measurements share: the client, the records, the workloads and the upstream."""
