package dev.fathom.bench.torch;

import dev.fathom.bench.Recurrence;
import dev.fathom.bench.Work;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Adam;
import org.bytedeco.pytorch.AdamOptions;
import org.bytedeco.pytorch.EmbeddingImpl;
import org.bytedeco.pytorch.GRUImpl;
import org.bytedeco.pytorch.GRUOptions;
import org.bytedeco.pytorch.LSTMImpl;
import org.bytedeco.pytorch.LSTMOptions;
import org.bytedeco.pytorch.LinearImpl;
import org.bytedeco.pytorch.Module;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.PackedSequence;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.StringTensorDict;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

/**
 * Recurrent nets and embeddings in PyTorch: its modules, on sequences with the steps first, as it stores them itself,
 * or packed.
 */
@SuppressWarnings("try") // scopes are closed, not used
public class TorchSequences {
    /** Binary cross-entropy, Adam; sequences that differ in length are packed before. */
    @State(Scope.Thread)
    public static class Training extends TorchSteps {
        /** Which {@link Recurrence}. */
        @Param("lstm-32x500")
        public String net;

        private final Tensor[] x = new Tensor[Recurrence.BATCHES];
        private final Tensor[] y = new Tensor[Recurrence.BATCHES];
        private final PackedSequence[] packed = new PackedSequence[Recurrence.BATCHES];
        private Recurrence r;
        private Module all;
        private EmbeddingImpl embedding;
        private LSTMImpl lstm;
        private GRUImpl gru;
        private LinearImpl dense;

        @Override
        protected void make() {
            r = Recurrence.of(net);
            all = new Module();
            if (r.vocabulary() > 0) {
                embedding = all.register_module("embedding", new EmbeddingImpl(r.vocabulary(), r.in()));
            }
            if (r.gru()) {
                gru = all.register_module("rnn", new GRUImpl(new GRUOptions(r.in(), r.hidden())));
            } else {
                LSTMOptions options = new LSTMOptions(r.in(), r.hidden());
                options.num_layers().put(r.layers());
                options.bidirectional().put(r.directions() == 2);
                lstm = all.register_module("rnn", new LSTMImpl(options));
            }
            dense = all.register_module("dense", new LinearImpl((long) r.directions() * r.hidden(), 1));
            load();
            for (int i = 0; i < x.length; i++) {
                x[i] = r.vocabulary() > 0
                        ? tensor(r.tokens(i)).view(r.batch(), r.steps()).t().contiguous()
                        : tensor(r.x(i), r.batch(), r.steps(), r.in())
                                .transpose(0, 1)
                                .contiguous();
                y[i] = tensor(r.labels(i), r.batch(), 1);
                packed[i] = r.ragged() ? torch.pack_padded_sequence(x[i], tensor(r.lengths(i)), false, true) : null;
            }
            begin(new Adam(all.parameters(), new AdamOptions(1e-3)), x.length, 3);
        }

        private void load() {
            try (PointerScope scope = new PointerScope();
                    NoGradGuard guard = new NoGradGuard()) {
                StringTensorDict named = all.named_parameters();
                for (long i = 0; i < named.size(); i++) {
                    Tensor parameter = named.get(i).value();
                    int n = (int) parameter.numel();
                    parameter.copy_(tensor(r.numbers(named.get(i).key().getString(), n), n)
                            .view_as(parameter));
                }
            }
        }

        /** The last hidden states [layers * directions, batch, hidden]. */
        private Tensor last(int i) {
            if (packed[i] != null) {
                return lstm.forward_with_packed_input(packed[i]).get1().get0();
            }
            Tensor steps = embedding == null ? x[i] : embedding.forward(x[i]);
            return gru == null
                    ? lstm.forward(steps).get1().get0()
                    : gru.forward(steps).get1();
        }

        private Tensor logits(int i) {
            Tensor last = last(i);
            long top = (long) (r.layers() - 1) * r.directions();
            return dense.forward(
                    r.directions() == 1
                            ? last.select(0, top)
                            : torch.cat(new TensorVector(last.select(0, top), last.select(0, top + 1)), 1));
        }

        @Override
        Tensor loss(int i) {
            return torch.binary_cross_entropy_with_logits(logits(i), y[i]);
        }

        @Override
        void close() {
            for (int i = 0; i < x.length; i++) {
                x[i].close();
                y[i].close();
                if (packed[i] != null) {
                    packed[i].close();
                }
            }
            all.close();
        }
    }

    /** One step. */
    @Benchmark
    public void train(Training training) {
        training.step();
    }

    /** A step of Adam on an embedding: the gradient of the sum of the vectors of {@link Recurrence#TOKENS} tokens. */
    @State(Scope.Thread)
    public static class Vectors extends TorchSteps {
        /** How many there are. */
        @Param("10000")
        public int vocabulary;

        /** How long they are. */
        @Param("32")
        public int dim;

        /** Whether the gradient is sparse, and the step changes only those that were used. */
        @Param("false")
        public boolean lazy;

        private final Tensor[] tokens = new Tensor[Recurrence.BATCHES];
        private Tensor w;
        private Tensor moment;
        private Tensor square;
        private int steps;

        @Override
        protected void make() {
            w = tensor(Work.normal(1, vocabulary * dim, 0, 1), vocabulary, dim);
            w.requires_grad_(true);
            if (lazy) {
                moment = torch.zeros(vocabulary, dim);
                square = torch.zeros(vocabulary, dim);
            }
            for (int i = 0; i < tokens.length; i++) {
                tokens[i] = tensor(Work.labels(i, Recurrence.TOKENS, vocabulary));
            }
            begin(new Adam(new TensorVector(w), new AdamOptions(1e-3)), tokens.length, 5);
        }

        @Override
        Tensor loss(int i) {
            return torch.embedding(w, tokens[i], -1, false, lazy).sum();
        }

        @Override
        void update() {
            steps++;
            if (lazy) {
                sparse();
            } else {
                super.update();
            }
        }

        /** The step of torch.optim.SparseAdam, which exists in Python alone, on the rows themselves. */
        private void sparse() {
            try (NoGradGuard guard = new NoGradGuard()) {
                Tensor gradient = w.grad().coalesce();
                Tensor rows = gradient._indices().select(0, 0);
                Tensor g = gradient._values();
                Tensor m = moment.index_select(0, rows).lerp_(g, new Scalar(0.1f));
                Tensor v = square.index_select(0, rows).lerp_(g.mul(g), new Scalar(1e-3f));
                moment.index_copy_(0, rows, m);
                square.index_copy_(0, rows, v);
                double correction = Math.sqrt(1 - Math.pow(0.999, steps)) / (1 - Math.pow(0.9, steps));
                w.index_add_(
                        0, rows, m.div_(v.sqrt_().add_(new Scalar(1e-8f))), new Scalar((float) (-1e-3 * correction)));
            }
        }

        @Override
        void close() {
            w.mutable_grad().reset();
            w.close();
            if (lazy) {
                moment.close();
                square.close();
            }
        }
    }

    /** One step. */
    @Benchmark
    public void embedding(Vectors vectors) {
        vectors.step();
    }
}
