/** Plans on a request path: pools of sessions, batches of requests, plans that replace others under load, and HTTP. */
module dev.fathom.serve {
    requires transitive dev.fathom;
    requires com.google.gson;
    requires jdk.httpserver;
    requires org.slf4j;
    requires static dev.fathom.text; // models of texts
    requires static org.jspecify;

    exports dev.fathom.serve;
    exports dev.fathom.serve.http;
}
