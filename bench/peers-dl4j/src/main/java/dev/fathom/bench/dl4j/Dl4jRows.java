package dev.fathom.bench.dl4j;

import dev.fathom.bench.Recurrence;
import dev.fathom.bench.Work;
import org.deeplearning4j.nn.conf.MultiLayerConfiguration;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.EmbeddingSequenceLayer;
import org.deeplearning4j.nn.conf.layers.LSTM;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.recurrent.LastTimeStep;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.lossfunctions.LossFunctions;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/** Recurrent nets of Deeplearning4j, which has LSTMs but no GRU. */
public class Dl4jRows {
    /** What runs here. */
    public static String about() {
        return "Deeplearning4j 1.0.0-M2.1, "
                + System.getProperty("org.bytedeco.javacpp.platform.extension").substring(1) + ", 1 thread";
    }

    /** Binary cross-entropy, Adam: forward, backward, step on batches made before; the loss is not read. */
    @State(Scope.Thread)
    public static class Training {
        /** Which {@link Recurrence}. */
        @Param("lstm-32x500")
        public String net;

        private final INDArray[] x = new INDArray[Recurrence.BATCHES];
        private final INDArray[] y = new INDArray[Recurrence.BATCHES];
        private Recurrence r;
        private MultiLayerNetwork model;
        private int next;
        private double first;

        /** Makes the net and the batches, and takes the first steps. */
        @Setup(Level.Trial)
        public void setup() {
            Nd4j.setDefaultDataTypes(DataType.FLOAT, DataType.FLOAT);
            r = Recurrence.of(net);
            NeuralNetConfiguration.ListBuilder layers = new NeuralNetConfiguration.Builder()
                    .dataType(DataType.FLOAT)
                    .updater(new Adam(1e-3))
                    .list();
            if (r.vocabulary() > 0) {
                layers.layer(new EmbeddingSequenceLayer.Builder()
                        .nIn(r.vocabulary())
                        .nOut(r.in())
                        .inputLength(r.steps())
                        .build());
            }
            layers.layer(new LastTimeStep(new LSTM.Builder()
                    .nIn(r.in())
                    .nOut(r.hidden())
                    .activation(Activation.TANH)
                    .gateActivationFunction(Activation.SIGMOID)
                    .build()));
            layers.layer(new OutputLayer.Builder(LossFunctions.LossFunction.XENT)
                    .nIn(r.hidden())
                    .nOut(1)
                    .activation(Activation.SIGMOID)
                    .build());
            MultiLayerConfiguration made = layers.build();
            model = new MultiLayerNetwork(made);
            model.init();
            load();
            for (int i = 0; i < x.length; i++) {
                if (r.vocabulary() > 0) {
                    float[] tokens = new float[r.batch() * r.steps()];
                    int[] drawn = r.tokens(i);
                    for (int j = 0; j < tokens.length; j++) {
                        tokens[j] = drawn[j];
                    }
                    x[i] = Nd4j.create(tokens, new long[] {r.batch(), r.steps()}, 'c');
                } else {
                    x[i] = Nd4j.create(r.x(i), new long[] {r.batch(), r.steps(), r.in()}, 'c')
                            .permute(0, 2, 1)
                            .dup('f');
                }
                y[i] = Nd4j.create(r.labels(i), new long[] {r.batch(), 1}, 'c');
            }
            first = loss();
            Work.tell(first, loss(), loss());
        }

        /** PyTorch's numbers: gates i, f, g, o as g, f, o, i, rows as columns, the sum of both biases. */
        private void load() {
            int at = 0;
            if (r.vocabulary() > 0) {
                set("0_W", r.numbers("embedding.weight", r.vocabulary() * r.in()), r.vocabulary(), r.in());
                at = 1;
            }
            int rows = r.gates() * r.hidden();
            set(at + "_W", columns(gates(r.w()), r.in()), r.in(), rows);
            set(at + "_RW", columns(gates(r.u()), r.hidden()), r.hidden(), rows);
            float[] bias = gates(r.b("ih"));
            float[] ofState = gates(r.b("hh"));
            for (int i = 0; i < rows; i++) {
                bias[i] += ofState[i];
            }
            set(at + "_b", bias, 1, rows);
            set(at + 1 + "_W", r.numbers("dense.weight", r.hidden()), r.hidden(), 1);
            set(at + 1 + "_b", r.numbers("dense.bias", 1), 1, 1);
        }

        private void set(String name, float[] numbers, long... shape) {
            INDArray parameter = model.getParam(name);
            parameter.assign(Nd4j.create(numbers, shape, 'c').reshape(parameter.shape()));
        }

        private static float[] gates(float[] rows) {
            int[] order = {2, 1, 3, 0};
            int n = rows.length / 4;
            float[] ordered = new float[rows.length];
            for (int gate = 0; gate < 4; gate++) {
                System.arraycopy(rows, order[gate] * n, ordered, gate * n, n);
            }
            return ordered;
        }

        private static float[] columns(float[] rows, int in) {
            int out = rows.length / in;
            float[] columns = new float[rows.length];
            for (int o = 0; o < out; o++) {
                for (int i = 0; i < in; i++) {
                    columns[i * out + o] = rows[o * in + i];
                }
            }
            return columns;
        }

        void step() {
            int i = next++ % x.length;
            model.fit(x[i], y[i]);
        }

        /** A step whose loss is read. */
        private double loss() {
            step();
            return model.score();
        }

        /** The loss of the first batch must have fallen. */
        @TearDown(Level.Trial)
        public void check() {
            next = 0;
            Work.checkFell(first, loss());
            model.close();
        }
    }

    /** One step. */
    @Benchmark
    public void train(Training training) {
        training.step();
    }
}
