package dev.fathom.bench.dl4j;

import dev.fathom.bench.Callers;
import dev.fathom.bench.Cold;
import dev.fathom.bench.Service;
import dev.fathom.bench.Work;
import java.io.File;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.lossfunctions.LossFunctions;

/** A copy of the network for each caller, since one answers one caller at a time. */
public final class Dl4jService implements Service {
    private final float[] pixels;
    private final MultiLayerNetwork model;

    private Dl4jService(MultiLayerNetwork model, float[] pixels) {
        this.model = model;
        this.pixels = pixels;
    }

    private static MultiLayerNetwork made() {
        Nd4j.setDefaultDataTypes(DataType.FLOAT, DataType.FLOAT);
        NeuralNetConfiguration.ListBuilder layers =
                new NeuralNetConfiguration.Builder().dataType(DataType.FLOAT).list();
        int last = Work.MLP.length - 2;
        for (int i = 0; i < last; i++) {
            layers.layer(new DenseLayer.Builder()
                    .nIn(Work.MLP[i])
                    .nOut(Work.MLP[i + 1])
                    .activation(Activation.RELU)
                    .build());
        }
        layers.layer(new OutputLayer.Builder(LossFunctions.LossFunction.MSE)
                .nIn(Work.MLP[last])
                .nOut(Work.MLP[last + 1])
                .activation(Activation.IDENTITY)
                .build());
        MultiLayerNetwork model = new MultiLayerNetwork(layers.build());
        model.init();
        for (int i = 0; i <= last; i++) {
            long[] shape = {Work.MLP[i + 1], Work.MLP[i]};
            model.setParam(i + "_W", Nd4j.create(Work.weight(i), shape, 'c').transpose());
            model.setParam(i + "_b", Nd4j.create(Work.bias(i), new long[] {1, Work.MLP[i + 1]}, 'c'));
        }
        return model;
    }

    /** No arguments; {@code write FILE} for the network, or {@code cold FILE} for one answer of that. */
    public static void main(String[] args) throws Exception {
        if (args.length == 0) {
            Callers.serve(new Dl4jService(made(), Work.gauss(1, Work.MLP[0], 1)));
        } else if (args[0].equals("write")) {
            made().save(new File(args[1]));
        } else {
            MultiLayerNetwork model = MultiLayerNetwork.load(new File(args[1]), false);
            Cold.answered(new Dl4jService(model, Cold.pixels()).caller().answer());
        }
    }

    @Override
    public String about() {
        return Dl4jRows.about();
    }

    @Override
    public Caller caller() {
        MultiLayerNetwork own = model.clone();
        INDArray x = Nd4j.create(DataType.FLOAT, 1, pixels.length);
        return () -> {
            x.data().setData(pixels);
            return own.output(x).toFloatVector();
        };
    }
}
