/**
 * Fathom: deep learning for the JVM on plain CPUs. A program requires this module and {@code dev.fathom.natives}, the kernels of one platform, and opens the
 * packages of its nets to {@code dev.fathom}, which reads the components of their records.
 *
 * <p>The package {@code dev.fathom.ops} stays inside: its records trust what {@code Tensor} has checked.
 */
module dev.fathom {
    exports dev.fathom.data;
    exports dev.fathom.explain;
    exports dev.fathom.io;
    exports dev.fathom.kernel;
    exports dev.fathom.memory;
    exports dev.fathom.nets;
    exports dev.fathom.nn;
    exports dev.fathom.op;
    exports dev.fathom.optim;
    exports dev.fathom.plan;
    exports dev.fathom.tensor;
    exports dev.fathom.train;

    requires com.google.gson;
    requires de.siegmar.fastcsv;
    requires org.slf4j;
    requires static java.desktop; // folders of images
    requires static org.bytedeco.javacpp; // the backend OpenBLAS
    requires static org.bytedeco.openblas;
    requires static org.jspecify;
}
