/** Networks by name, and what trained networks see. */
module dev.fathom.nets {
    requires transitive dev.fathom;
    requires static org.jspecify;

    exports dev.fathom.explain;
    exports dev.fathom.nets;

    // which reads the components of records
    opens dev.fathom.explain to
            dev.fathom;
    opens dev.fathom.nets to
            dev.fathom;
}
