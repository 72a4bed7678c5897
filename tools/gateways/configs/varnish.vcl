vcl 4.1;

backend provider {
    .host = "127.0.0.1";
    .port = "@UPSTREAM@";
}

# Nothing is cached: every request goes to the provider.
sub vcl_recv {
    return (pass);
}
