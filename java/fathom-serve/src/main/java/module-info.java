/** Plans on a request path: pools of sessions, batches of requests, and plans that replace others under load. */
module dev.fathom.serve {
    requires transitive dev.fathom;
    requires static org.jspecify;

    exports dev.fathom.serve;
}
