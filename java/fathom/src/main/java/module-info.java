/**
 * Fathom: deep learning for the JVM on plain CPUs. A program requires this module and {@code dev.fathom.natives}, the
 * kernels of one platform, and opens the packages of its nets to {@code dev.fathom}, which reads the components of
 * their records.
 *
 * <p>Six packages stay inside: {@code dev.fathom.jni}, {@code dev.fathom.command} and {@code dev.fathom.offheap}, which
 * take and give addresses, {@code dev.fathom.ops}, whose records trust what {@code Tensor} has checked,
 * {@code dev.fathom.autograd}, which lies below tensors and passes, and {@code dev.fathom.store}, where the numbers of
 * models live.
 */
module dev.fathom {
    exports dev.fathom.data;
    exports dev.fathom.io;
    exports dev.fathom.kernel;
    exports dev.fathom.memory;
    exports dev.fathom.nn;
    exports dev.fathom.op;
    exports dev.fathom.optim;
    exports dev.fathom.parameter;
    exports dev.fathom.plan;
    exports dev.fathom.recurrent;
    exports dev.fathom.tensor;
    exports dev.fathom.train;
    exports dev.fathom.tree;
    exports dev.fathom.jni to
            dev.fathom.learn; // which brings a backend
    // the inner life of passes and models, for what explains nets and differentiates them again
    exports dev.fathom.autograd to
            dev.fathom.media,
            dev.fathom.nets,
            dev.fathom.onnx;
    exports dev.fathom.command to
            dev.fathom.media, // which changes the pictures of a batch by kernels of their own
            dev.fathom.text; // which searches vectors
    exports dev.fathom.ops to
            dev.fathom.nets,
            dev.fathom.onnx, // which writes a graph of them
            dev.fathom.view;
    exports dev.fathom.offheap to
            dev.fathom.media,
            dev.fathom.nets,
            dev.fathom.text;
    exports dev.fathom.store to
            dev.fathom.nets;

    requires com.google.gson;
    requires de.siegmar.fastcsv;
    requires jdk.jfr;
    requires org.slf4j;
    requires static org.bytedeco.javacpp; // annotations for the build
    requires static org.jspecify;

    uses dev.fathom.io.TensorFormat; // where a module reads more than safetensors
    uses dev.fathom.jni.MatrixBackend; // where a module brings one
    uses org.slf4j.spi.SLF4JServiceProvider; // to know whether there is one
}
