package dev.fathom.bench.ort;

import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import dev.fathom.bench.Callers;
import dev.fathom.bench.Service;
import dev.fathom.bench.Work;

/** One session, which all callers share, and tensors over direct buffers for each of them. */
public final class OrtService implements Service {
    private final float[] pixels = Work.gauss(1, Work.MLP[0], 1);
    private final OrtSession session;

    private OrtService() throws OrtException {
        session = OrtEnvironment.getEnvironment().createSession(Onnx.mlp(), OrtRows.options(1));
    }

    /** No arguments. */
    public static void main(String[] args) throws Exception {
        Callers.serve(new OrtService());
    }

    @Override
    public String about() {
        return OrtRows.about() + ", 1 thread";
    }

    @Override
    public Caller caller() throws OrtException {
        int classes = Work.MLP[Work.MLP.length - 1];
        OrtServed served = new OrtServed(session, pixels, new long[] {1, pixels.length}, 1, classes);
        return served::answer;
    }
}
