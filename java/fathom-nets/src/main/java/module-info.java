/**
 * Attention and the layers of Transformers, networks by name, what trained networks see, images that deceive them, and
 * derivatives along directions and of gradients.
 */
module dev.fathom.nets {
    requires transitive dev.fathom;
    requires static org.jspecify;

    exports dev.fathom.attack;
    exports dev.fathom.attention;
    exports dev.fathom.derivative;
    exports dev.fathom.explain;
    exports dev.fathom.nets;

    // which reads the components of records
    opens dev.fathom.attack to
            dev.fathom;
    opens dev.fathom.attention to
            dev.fathom;
    opens dev.fathom.derivative to
            dev.fathom;
    opens dev.fathom.explain to
            dev.fathom;
    opens dev.fathom.nets to
            dev.fathom;
}
