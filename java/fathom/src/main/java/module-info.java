/**
 * Fathom: deep learning for the JVM on plain CPUs. A program requires this module and {@code dev.fathom.natives}, the
 * kernels of one platform, and opens the packages of its nets to {@code dev.fathom}, which reads the components of
 * their records.
 *
 * <p>Three packages stay inside: {@code dev.fathom.ops}, whose records trust what {@code Tensor} has checked,
 * {@code dev.fathom.autograd}, which lies below tensors and passes, and {@code dev.fathom.store}, where the numbers of
 * models live.
 */
module dev.fathom {
    exports dev.fathom.assess;
    exports dev.fathom.attention;
    exports dev.fathom.data;
    exports dev.fathom.decode;
    exports dev.fathom.ensemble;
    exports dev.fathom.explain;
    exports dev.fathom.features;
    exports dev.fathom.io;
    exports dev.fathom.kernel;
    exports dev.fathom.memory;
    exports dev.fathom.nets;
    exports dev.fathom.nn;
    exports dev.fathom.op;
    exports dev.fathom.optim;
    exports dev.fathom.parameter;
    exports dev.fathom.plan;
    exports dev.fathom.recurrent;
    exports dev.fathom.search;
    exports dev.fathom.series;
    exports dev.fathom.sound;
    exports dev.fathom.tensor;
    exports dev.fathom.text;
    exports dev.fathom.train;
    exports dev.fathom.tree;

    requires com.google.gson;
    requires de.siegmar.fastcsv;
    requires org.slf4j;
    requires static java.desktop; // folders of images
    requires static org.bytedeco.javacpp; // the backend OpenBLAS, and its LAPACK for analyses of features
    requires static org.bytedeco.openblas;
    requires static org.jspecify;

    uses org.slf4j.spi.SLF4JServiceProvider; // to know whether there is one
}
