/**
 * Classical learning: examples as rows of features, the methods that learn of them, several models as one, linear
 * models that are computed, detectors of outliers, and searches over settings; and OpenBLAS, as a backend of Fathom's
 * products and for its LAPACK.
 */
module dev.fathom.learn {
    requires transitive dev.fathom;
    requires transitive dev.fathom.tables;
    requires de.siegmar.fastcsv;
    requires org.bytedeco.javacpp;
    requires org.bytedeco.openblas;
    requires static org.jspecify;

    exports dev.fathom.anomaly;
    exports dev.fathom.ensemble;
    exports dev.fathom.features;
    exports dev.fathom.linear;
    exports dev.fathom.openblas;
    exports dev.fathom.search;

    provides dev.fathom.jni.MatrixBackend with
            dev.fathom.openblas.OpenBlas;

    // which reads the components of records
    opens dev.fathom.ensemble to
            dev.fathom;
    opens dev.fathom.features to
            dev.fathom;
    opens dev.fathom.search to
            dev.fathom;
}
