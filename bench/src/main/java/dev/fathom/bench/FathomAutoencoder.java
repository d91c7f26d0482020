package dev.fathom.bench;

import dev.fathom.attention.LearnedPositions;
import dev.fathom.nn.Conv;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Model;
import dev.fathom.nn.Net;
import dev.fathom.op.Activation;
import dev.fathom.op.PadMode;
import dev.fathom.op.Window;
import dev.fathom.optim.Adam;
import dev.fathom.tensor.Attention;
import dev.fathom.tensor.KeptTensor;
import dev.fathom.tensor.Tensor;
import java.util.List;
import java.util.stream.IntStream;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

/** A convolutional auto-encoder as a user of Fathom writes it. */
public class FathomAutoencoder {
    /** value(x) sigmoid(gate(x)). */
    record Gated(Conv value, Conv gate) implements Net {
        static Gated centered(int width) {
            Window window = Window.line(AutoencoderCase.KERNEL).same();
            return new Gated(new Conv(width, width, window), new Conv(width, width, window).act(Activation.SIGMOID));
        }

        static Gated causal(int width) {
            Conv conv = Conv.causal(width, width, AutoencoderCase.KERNEL, 1);
            return new Gated(
                    conv, Conv.causal(width, width, AutoencoderCase.KERNEL, 1).act(Activation.SIGMOID));
        }

        Tensor apply(Tensor x) {
            return value.apply(x).mul(gate.apply(x));
        }
    }

    /** Writes windows again. */
    record Cae(
            Linear embed,
            LearnedPositions positions,
            List<Gated> encoder,
            List<Gated> decoder,
            List<Linear> queries,
            Linear out)
            implements Layer {
        static Model<Cae> of(AutoencoderCase a) {
            Model<Cae> model = Model.of(
                    new Cae(
                            new Linear(a.columns(), a.width()),
                            new LearnedPositions(a.rows(), a.width()),
                            IntStream.range(0, a.layers())
                                    .mapToObj(l -> Gated.centered(a.width()))
                                    .toList(),
                            IntStream.range(0, a.layers())
                                    .mapToObj(l -> Gated.causal(a.width()))
                                    .toList(),
                            IntStream.range(0, a.layers())
                                    .mapToObj(l -> new Linear(a.width(), a.width()))
                                    .toList(),
                            new Linear(a.width(), a.columns())),
                    1);
            FathomNets.load(
                    model, held -> a.numbers(held.name(), (int) held.shape().size()));
            return model;
        }

        @Override
        public Tensor forward(Tensor x) {
            Tensor embedded = positions.apply(embed.apply(x));
            Tensor read = embedded;
            for (Gated layer : encoder) {
                read = read.add(layer.apply(read));
            }
            Tensor written = embedded.pad(PadMode.ZEROS, 1, 0).slice(1, 0, x.dim(1));
            for (int l = 0; l < decoder.size(); l++) {
                Tensor gated = decoder.get(l).apply(written);
                Tensor asked = queries.get(l).apply(gated).add(written);
                written = written.add(gated).add(asked.attention(read, read, new Attention(1).scale(1)));
            }
            return out.apply(written);
        }
    }

    /** Squared error less a share of the squared distance from others, Adam. */
    @State(Scope.Thread)
    public static class Training extends TrainingSteps {
        private final KeptTensor[] x = new KeptTensor[AutoencoderCase.BATCHES];
        private final KeptTensor[] others = new KeptTensor[AutoencoderCase.BATCHES];
        private Model<Cae> model;

        @Override
        protected void make() {
            AutoencoderCase a = AutoencoderCase.CAE;
            model = Cae.of(a);
            for (int i = 0; i < x.length; i++) {
                int batch = i;
                x[i] = keep(() -> Tensor.of(a.x(batch), a.batch(), a.rows(), a.columns()));
                others[i] = keep(() -> Tensor.of(a.others(batch), a.batch(), a.rows(), a.columns()));
            }
            begin(model, new Adam(1e-3f).on(model), x.length, 3);
        }

        @Override
        Tensor loss(int i) {
            Tensor again = model.net().apply(x[i]);
            Tensor distance = again.sub(others[i]).square().mean();
            return again.sub(x[i]).square().mean().sub(distance.mul(AutoencoderCase.DIVERSITY));
        }
    }

    /** One step. */
    @Benchmark
    public void train(Training training) {
        training.step();
    }
}
