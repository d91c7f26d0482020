package dev.fathom.bench.torch;

import static dev.fathom.bench.torch.TorchSteps.tensor;

import dev.fathom.bench.AutoencoderCase;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.pytorch.Adam;
import org.bytedeco.pytorch.AdamOptions;
import org.bytedeco.pytorch.DoubleOptional;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

/**
 * The convolutional auto-encoder in PyTorch: vectors as channels [batch, width, rows], where one convolution gives
 * values and gates.
 */
public class TorchAutoencoder {
    /** Squared error less a share of the squared distance from others, Adam. */
    @State(Scope.Thread)
    public static class Training extends TorchSteps {
        /** Whether attention is the fused kernel, and not two products with a softmax between. */
        @Param("true")
        public boolean fused;

        private final AutoencoderCase a = AutoencoderCase.CAE;
        private final List<Tensor> parameters = new ArrayList<>();
        private final Tensor[] x = new Tensor[AutoencoderCase.BATCHES];
        private final Tensor[] others = new Tensor[AutoencoderCase.BATCHES];
        private final List<Weights> encoder = new ArrayList<>();
        private final List<Weights> decoder = new ArrayList<>();
        private final List<Weights> queries = new ArrayList<>();
        private Weights embed;
        private Weights out;
        private Tensor positions;

        private record Weights(Tensor weight, TensorOptional bias) {}

        @Override
        protected void make() {
            embed = dense("embed.", a.width(), a.columns());
            positions = parameter(tensor(a.numbers("positions.weight", a.rows() * a.width()), a.rows(), a.width()));
            for (int l = 0; l < a.layers(); l++) {
                encoder.add(gated("encoder." + l + "."));
                decoder.add(gated("decoder." + l + "."));
                queries.add(dense("queries." + l + ".", a.width(), a.width()));
            }
            out = dense("out.", a.columns(), a.width());
            for (int i = 0; i < x.length; i++) {
                x[i] = tensor(a.x(i), a.batch(), a.rows(), a.columns());
                others[i] = tensor(a.others(i), a.batch(), a.rows(), a.columns());
            }
            TensorVector all = new TensorVector();
            parameters.forEach(all::push_back);
            begin(new Adam(all, new AdamOptions(1e-3)), x.length, 3);
        }

        private Tensor parameter(Tensor p) {
            parameters.add(p);
            return p.requires_grad_(true);
        }

        private Weights dense(String name, int to, int from) {
            return new Weights(
                    parameter(tensor(a.numbers(name + "weight", to * from), to, from)),
                    new TensorOptional(parameter(tensor(a.numbers(name + "bias", to), to))));
        }

        /** The filters of values and those of gates behind them. */
        private Weights gated(String name) {
            return new Weights(
                    parameter(both(name, "weight", a.width(), a.width(), AutoencoderCase.KERNEL)),
                    new TensorOptional(parameter(both(name, "bias", a.width()))));
        }

        private Tensor both(String name, String kind, int... dims) {
            int n = 1;
            long[] shape = new long[dims.length];
            for (int i = 0; i < dims.length; i++) {
                n *= dims[i];
                shape[i] = dims[i];
            }
            return torch.cat(new TensorVector(
                    tensor(a.numbers(name + "value." + kind, n), shape),
                    tensor(a.numbers(name + "gate." + kind, n), shape)));
        }

        /** The gated convolution of x [batch, width, rows] with zeros on both sides. */
        private static Tensor glu(Tensor x, Weights w, long padding) {
            Tensor both =
                    torch.conv1d(x, w.weight(), w.bias(), new long[] {1}, new long[] {padding}, new long[] {1}, 1);
            return torch.glu(both, 1);
        }

        private Tensor again(Tensor windows) {
            Tensor embedded = torch.linear(windows, embed.weight(), embed.bias())
                    .add(positions)
                    .transpose(1, 2)
                    .contiguous();
            Tensor read = embedded;
            for (Weights layer : encoder) {
                read = read.add(glu(read, layer, 1));
            }
            Tensor keys = read.transpose(1, 2).contiguous();
            Tensor written = torch.constant_pad_nd(embedded, 1, -1);
            for (int l = 0; l < decoder.size(); l++) {
                Tensor gated = glu(torch.constant_pad_nd(written, 2, 0), decoder.get(l), 0);
                Weights query = queries.get(l);
                Tensor asked = torch.linear(gated.transpose(1, 2), query.weight(), query.bias())
                        .add(written.transpose(1, 2));
                written = written.add(gated).add(attention(asked, keys).transpose(1, 2));
            }
            return torch.linear(written.transpose(1, 2), out.weight(), out.bias());
        }

        /** softmax(q k^T) k for q and k [batch, rows, width]. */
        private Tensor attention(Tensor q, Tensor k) {
            if (fused) {
                Tensor heads = k.unsqueeze(1);
                return torch.scaled_dot_product_attention(
                                q.unsqueeze(1),
                                heads,
                                heads,
                                new TensorOptional(),
                                0,
                                false,
                                new DoubleOptional(1),
                                false)
                        .squeeze(1);
            }
            return torch.bmm(torch.softmax(torch.bmm(q, k.transpose(1, 2)), -1), k);
        }

        @Override
        Tensor loss(int i) {
            Tensor again = again(x[i]);
            return torch.mse_loss(again, x[i])
                    .sub(torch.mse_loss(again, others[i]).mul(new Scalar(AutoencoderCase.DIVERSITY)));
        }

        @Override
        void close() {
            for (int i = 0; i < x.length; i++) {
                x[i].close();
                others[i].close();
            }
            parameters.forEach(Tensor::close);
        }
    }

    /** One step. */
    @Benchmark
    public void train(Training training) {
        training.step();
    }
}
