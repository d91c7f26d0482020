package dev.fathom.bench.djl;

import ai.djl.Device;
import ai.djl.engine.Engine;
import ai.djl.inference.Predictor;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;
import ai.djl.repository.zoo.Criteria;
import ai.djl.repository.zoo.ZooModel;
import ai.djl.translate.NoBatchifyTranslator;
import ai.djl.translate.TranslatorContext;
import dev.fathom.bench.Callers;
import dev.fathom.bench.Cold;
import dev.fathom.bench.Service;
import dev.fathom.bench.Work;
import java.nio.file.Path;

/** A model of TorchScript on DJL's engine of PyTorch, which is the official build, and a predictor for each caller. */
public final class DjlService implements Service {
    private final float[] pixels;
    private final ZooModel<float[], float[]> model;

    private DjlService(Path file, float[] pixels) throws Exception {
        this.pixels = pixels;
        model = Criteria.builder()
                .setTypes(float[].class, float[].class)
                .optModelPath(file)
                .optEngine("PyTorch")
                .optDevice(Device.cpu())
                .optTranslator(new Numbers())
                .build()
                .loadModel();
    }

    /** {@code FILE} of the model, or {@code cold FILE} for one answer. */
    public static void main(String[] args) throws Exception {
        System.setProperty("ai.djl.offline", "true"); // the natives are on the class path
        System.setProperty("ai.djl.pytorch.num_threads", "1");
        System.setProperty("ai.djl.pytorch.num_interop_threads", "1");
        if (args.length == 2) {
            Cold.answered(new DjlService(Path.of(args[1]), Cold.pixels()).caller().answer());
        } else {
            Callers.serve(new DjlService(Path.of(args[0]), Work.gauss(1, Work.MLP[0], 1)));
        }
    }

    @Override
    public String about() {
        return "Deep Java Library " + Engine.getDjlVersion() + ", PyTorch "
                + Engine.getInstance().getVersion() + ", 1 thread";
    }

    @Override
    public Caller caller() {
        Predictor<float[], float[]> predictor = model.newPredictor();
        return () -> predictor.predict(pixels);
    }

    private static final class Numbers implements NoBatchifyTranslator<float[], float[]> {
        @Override
        public NDList processInput(TranslatorContext context, float[] x) {
            return new NDList(context.getNDManager().create(x, new Shape(1, x.length)));
        }

        @Override
        public float[] processOutput(TranslatorContext context, NDList answer) {
            return answer.singletonOrThrow().toFloatArray();
        }
    }
}
