package dev.fathom.bench;

import dev.fathom.kernel.Isa;
import dev.fathom.plan.Quantization;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A measured row: what Fathom runs, who else runs the same, what one call is worth.
 *
 * @param name as in the results
 * @param threads Fathom's
 * @param unit of the figures
 * @param work floating-point operations or bytes of one call
 * @param limit what the work is bound by
 * @param bar what is asked of the ratio
 * @param ours Fathom
 * @param rivals its peers, in every configuration that may be the fastest; the fastest counts
 * @param beside a peer that has a line of its own for what it shows, not for being fastest
 * @param pace how long it takes to measure
 */
record Row(
        String name,
        int threads,
        Unit unit,
        double work,
        Limit limit,
        Bar bar,
        Entrant ours,
        List<Entrant> rivals,
        @Nullable Beside beside,
        Pace pace) {
    Row(String name, int threads, Unit unit, double work, Limit limit, Bar bar, Entrant ours, List<Entrant> rivals) {
        this(name, threads, unit, work, limit, bar, ours, rivals, null, Pace.USUAL);
    }

    /** The row without peers that cannot be held to AVX2; null where it has no others. */
    @Nullable
    Row held() {
        List<Entrant> some =
                rivals.stream().filter(r -> r.contender().home().canBeHeld()).toList();
        if (some.isEmpty() && !rivals.isEmpty()) {
            return null;
        }
        Beside line = beside != null && beside.rival().contender().home().canBeHeld() ? beside : null;
        return new Row(name, threads, unit, work, limit, bar, ours, some, line, pace);
    }

    /** Whether it is Fathom itself on other work than the row's, which has other results. */
    boolean otherSize(Entrant entrant) {
        return entrant.contender().equals(ours.contender())
                && entrant.method().equals(ours.method())
                && !entrant.params().equals(ours.params());
    }

    /** Unit of a figure; rates are better when larger, times when smaller. */
    enum Unit {
        GFLOPS("GFLOP/s", 0),
        GBS("GB/s", 0),
        MS("ms", 1e6),
        US("us", 1e3);

        final String text;
        private final double nanos;

        Unit(String text, double nanos) {
            this.text = text;
            this.nanos = nanos;
        }

        /** The figure of one call of {@code work} operations or bytes that took {@code ns}. */
        double of(double ns, double work) {
            return nanos == 0 ? work / ns : ns / nanos;
        }
    }

    /** The rows by which numbers of threads are compared unless others are asked for. */
    static final List<String> SCALED = List.of(
            "gemm-2048",
            "mlp-train-b128",
            "lenet-train-b64",
            "resnet18-train-b16",
            "lstm-32x500-train",
            "transformer-train");

    /** How long a row takes to measure. */
    enum Pace {
        /** One kernel, thousands of calls a second: repetitions may be short. */
        BRIEF,
        /** The usual number of repetitions. */
        USUAL,
        /**
         * A call takes a second, or the network seconds to make: half the repetitions, and none where it must be quick.
         */
        SLOW
    }

    /** A line of the probe: {@code fma}, or a sweep over arrays of so many floats. */
    record Limit(String kind, int floats) {
        static final Limit FMA = new Limit("fma", 0);
        /** The machine bounds it by nothing that is measured. */
        static final Limit NONE = new Limit("none", 0);
    }

    /**
     * What is asked: a ratio of at least {@code must}, better {@code goal}; a figure that must stay small is at most
     * {@code must}.
     *
     * @param must the least ratio, or the largest figure
     * @param goal the ratio to reach; of a figure that must stay small another one than {@code must} is the ratio that
     *     will do in its place
     * @param atMost whether the figure counts, not the ratio
     * @param bound whether the ratio may be missed at {@link #NEAR} of the machine's bound
     * @param goalValue the figure to reach in place of the ratio {@code goal}, or NaN
     * @param share the share of the machine's bound that must be reached too, or 0; without a ratio it is all that is
     *     asked
     */
    record Bar(double must, double goal, boolean atMost, boolean bound, double goalValue, double share) {
        /** Nothing is asked. */
        static final Bar NONE = new Bar(0, 0, false, false, Double.NaN, 0);
        /** The share of the machine's bound beyond which nobody can be much faster. */
        static final double NEAR = 0.95;

        static Bar atLeast(double must, double goal) {
            return new Bar(must, goal, false, true, Double.NaN, 0);
        }

        static Bar atMost(double must) {
            return new Bar(must, must, true, false, Double.NaN, 0);
        }

        /** A figure that may be larger where the ratio is at least this. */
        Bar or(double ratio) {
            return new Bar(must, ratio, atMost, bound, goalValue, share);
        }

        /** Asks for a share of the machine's bound alone. */
        static Bar share(double least) {
            return new Bar(0, 0, false, false, Double.NaN, least);
        }

        /**
         * For work that can be done with fewer operations than are counted, so that the share of the bound means
         * little.
         */
        Bar unbounded() {
            return new Bar(must, goal, atMost, false, goalValue, share);
        }

        /** With another ratio that must be reached where the widest kernels are narrower than AVX-512's. */
        Bar onNarrower(double ratio) {
            return on(Machine.kernels(), ratio);
        }

        Bar on(Isa isa, double narrower) {
            return isa == Isa.V4 ? this : new Bar(narrower, goal, atMost, bound, goalValue, share);
        }

        /** With a time as the goal. */
        Bar within(double value) {
            return new Bar(must, goal, atMost, bound, value, share);
        }

        /** With a share of the machine's bound that must be reached as well as the ratio. */
        Bar withShare(double least) {
            return new Bar(must, goal, atMost, bound, goalValue, least);
        }

        String verdict(double value, double ratio, double reached) {
            if (must == 0 && share > 0) {
                return reached >= share ? "ok" : "MISSED";
            }
            if (Double.isNaN(atMost ? value : ratio) || equals(NONE)) {
                return "";
            }
            if (atMost) {
                return value <= must || goal != must && ratio >= goal ? "ok" : "MISSED";
            }
            if (share > 0 && !(reached >= share)) {
                return "MISSED";
            }
            if (ratio < must) {
                return bound && reached >= NEAR ? "bound" : "MISSED";
            }
            return (Double.isNaN(goalValue) ? ratio >= goal : value <= goalValue) ? "goal" : "ok";
        }

        String text() {
            if (equals(NONE)) {
                return "";
            }
            if (must == 0 && share > 0) {
                return ">= " + Math.round(100 * share) + " %";
            }
            String better =
                    !Double.isNaN(goalValue) ? ", <= " + number(goalValue) : must == goal ? "" : ", " + number(goal);
            if (atMost) {
                return "<= " + number(must) + (must == goal ? "" : " or ratio >= " + number(goal));
            }
            String both = share > 0 ? " and " + Math.round(100 * share) + " %" : "";
            return ">= " + number(must) + better + both;
        }

        private static String number(double x) {
            return x == Math.rint(x) && x > 9 ? Long.toString((long) x) : Double.toString(Math.rint(100 * x) / 100);
        }
    }

    /** One side of a row: a contender and the benchmark it runs. */
    record Entrant(Contender contender, String name, String method, String params) {}

    /** The work of a row done by {@code rival}, which makes the row {@code name-suffix}. */
    record Beside(String suffix, Bar bar, Entrant rival) {}

    /**
     * The geometric mean of rows of one unit, each with two threads, itself a line of the results.
     *
     * @param name of the line
     * @param bar what is asked of it
     * @param weights of the rows
     */
    record Mean(String name, Bar bar, Map<String, Double> weights) {
        /** The mean of rows that count alike. */
        Mean(String name, Bar bar, List<String> rows) {
            this(name, bar, rows.stream().collect(Collectors.toMap(row -> row, row -> 1.0 / rows.size())));
        }

        List<String> rows() {
            return List.copyOf(weights.keySet());
        }

        double weight(String row) {
            return weights.getOrDefault(row, 0.0);
        }

        /** Whether it has the row of this name and so many threads. */
        boolean has(String row, int threads) {
            return threads == 2 && weights.containsKey(row);
        }
    }

    private static final String BLAS1 = "OPENBLAS_NUM_THREADS=1";
    private static final String PASSIVE = "OMP_WAIT_POLICY=PASSIVE";
    /** glibc keeps what a step frees. */
    private static final String[] MALLOC = {
        "MALLOC_ARENA_MAX=1",
        "MALLOC_TRIM_THRESHOLD_=4000000000",
        "MALLOC_MMAP_THRESHOLD_=4000000000",
        "MALLOC_TOP_PAD_=268435456"
    };

    private static final String[] MALLOC1 = {MALLOC[0], MALLOC[1], MALLOC[2], MALLOC[3], BLAS1};
    /** PyTorch also asks for huge pages for tensors of 2 MB and more. */
    private static final String[] THP1 = {MALLOC[0], MALLOC[1], MALLOC[2], MALLOC[3], BLAS1, "THP_MEM_ALLOC_ENABLE=1"};

    private static final String NCHW = "nchw";
    private static final String ONNX = "onnx-";
    private static final List<String> PHONES = List.of("mlp", "lenet", "squeezenet", "mobilenetv2", "resnet18");

    /** All measured rows. */
    static List<Row> all() {
        List<Row> rows = new ArrayList<>();
        for (int n : new int[] {512, 1024}) {
            for (int threads = 1; threads <= 2; threads++) {
                rows.add(product(n, threads));
            }
        }
        rows.add(linear());
        for (int batch : new int[] {128, 32}) {
            rows.add(training(batch));
        }
        rows.add(quickstart());
        rows.add(new Row(
                "mlp-latency-b1",
                1,
                Unit.US,
                4.0 * parameters(),
                new Limit("read", parameters()),
                Bar.atLeast(1.5, 1.9),
                new Entrant(Contender.fathom(1), "fathom", "FathomMlp.latency", "-"),
                served("mlp", 1)));
        rows.add(narrow(
                "mlp-latency-b1-bf16",
                1,
                Unit.US,
                2.0 * parameters(),
                parameters() / 2,
                "FathomMlp.latency",
                0,
                Pace.USUAL));
        for (ConvCase conv : ConvCase.LAYERS) {
            for (ConvCase.Direction direction : ConvCase.Direction.values()) {
                if (conv.has(direction)) {
                    rows.add(convolution(conv, direction));
                }
            }
        }
        rows.add(filters());
        rows.addAll(trainings());
        rows.add(adversaries());
        for (int shards : new int[] {2, 16}) {
            rows.add(replicas("lenet", shards, Network.of("lenet").trainingFlops(64)));
            rows.add(
                    replicas("lstm-32x500", shards, Recurrence.of("lstm-32x500").trainingFlops()));
        }
        rows.add(frozen("lenet-latency-b1", "lenet", 1, Unit.US, Bar.atLeast(1.5, 2.2)));
        rows.add(frozen("resnet18-infer-b1", "resnet18", 2, Unit.MS, Bar.atLeast(1.0, 1.1)));
        rows.add(products(
                "resnet18-infer-b1-int8",
                2 * Network.of("resnet18").macs(),
                "FathomNets.answer",
                "net=resnet18,",
                Quantization.INT8,
                Bar.atLeast(2, 2).onNarrower(1)));
        rows.add(frozen("resnet50-infer-b1", "resnet50", 2, Unit.MS, Bar.atLeast(1.0, 1.1)));
        for (String net : List.of("squeezenet", "mobilenetv2", "vgg16")) {
            rows.add(frozen(net + "-infer-b1", net, 2, Unit.MS, Bar.atLeast(1.0, 1.1)));
        }
        rows.add(freezing());
        rows.addAll(files());
        rows.addAll(sequences());
        if (TokenizerCase.missing() == null) {
            for (String kind : TokenizerCase.FILES.keySet()) {
                rows.add(tokenizing(kind));
                rows.add(longTexts(kind));
            }
        }
        int million = 1_000_000;
        for (int threads = 2; threads >= 1; threads--) {
            for (String op : List.of("relu", "exp", "tanh", "sigmoid", "gelu")) {
                double goal = op.equals("tanh") ? 3.3 : op.equals("exp") || op.equals("sigmoid") ? 1.3 : 1.0;
                Bar bar = Bar.atLeast(op.equals("gelu") ? 0.9 : 1.0, goal);
                Limit limit = new Limit("scale", million);
                rows.add(elementwise(
                        "unary-" + op, threads, "unary", "op=" + op + ",n=" + million, 8.0 * million, limit, bar));
            }
            Bar even = Bar.atLeast(1.0, 1.0);
            rows.add(elementwise(
                    "add", threads, "add", "n=" + million, 12.0 * million, new Limit("triad", million), even));
            int many = 16 * million;
            rows.add(elementwise("add-16M", threads, "add", "n=" + many, 12.0 * many, new Limit("triad", many), even));
            rows.add(elementwise(
                    "exp-16M", threads, "unary", "op=exp,n=" + many, 8.0 * many, new Limit("scale", many), even));
            for (String op : List.of("softmax", "log-softmax")) {
                rows.add(structured(op + "-128x1000", op, threads, 8.0 * 128_000, new Limit("scale", 128_000)));
            }
            for (String op : List.of("sum-1M", "sum-rows", "sum-columns", "variance")) {
                rows.add(structured(op, op, threads, 4.0 * million, new Limit("read", million)));
            }
            int weights = 10 * million;
            Limit streams = new Limit("triad", 16 * million);
            rows.add(elementwise(
                    "adam-10M", threads, "update", "rule=adam,n=" + weights, 28.0 * weights, streams, even));
            for (String rule : threads == 2 ? Work.RULES : List.<String>of()) {
                rows.add(new Row(
                        "update-" + rule,
                        threads,
                        Unit.GBS,
                        Work.rule(rule).bytes() * weights,
                        streams,
                        Bar.share(0.8),
                        new Entrant(
                                Contender.fathom(threads),
                                "fathom",
                                "FathomRows.update",
                                "rule=" + rule + ",n=" + weights),
                        List.of()));
            }
            if (threads == 2) {
                for (String where : new String[] {"", "-mapped"}) {
                    rows.add(search("f32" + where, 4.0 * Work.VECTOR));
                    rows.add(search("int8" + where, Work.VECTOR + 12.0));
                }
            }
            for (String op : threads == 2 ? Work.ACTIVATIONS : List.<String>of()) {
                rows.add(elementwise(
                        "activation-" + op,
                        threads,
                        "activation",
                        "op=" + op + ",n=" + million,
                        20.0 * million,
                        new Limit("triad", million),
                        Bar.atLeast(0.95, 1.0)));
            }
            for (String op : List.of("gather", "permute")) {
                double bytes = 8.0 * Work.structured(op).out();
                rows.add(structured(op, op, threads, bytes, new Limit("scale", million)));
            }
        }
        return rows;
    }

    /**
     * OpenBLAS, BLIS and oneDNN pack both sides in every call, as Fathom does; beside it, oneDNN with a packed right
     * side.
     */
    private static Row product(int n, int threads) {
        Contender here = Contender.fathom(threads);
        String square = "m=" + n + ",n=" + n + ",k=" + n;
        return new Row(
                "gemm-" + n,
                threads,
                Unit.GFLOPS,
                2.0 * n * n * n,
                Limit.FMA,
                Bar.atLeast(0.97, 1.05),
                new Entrant(here, "fathom", "FathomRows.gemm", "n=" + n),
                Stream.concat(
                                blas(threads, "", "FathomRows.gemmBlas", "n=" + n),
                                Stream.of(onednn("sgemm", threads, square), onednn("matmul", threads, square)))
                        .toList(),
                new Beside("packed", Bar.NONE, onednn("packed", threads, square)),
                n < 2048 ? Pace.BRIEF : Pace.USUAL);
    }

    /** A large product and the rows of two threads, each with these numbers of threads beside the first of them. */
    static List<Row> scaled(List<Integer> threads) {
        return Stream.concat(Stream.of(product(2048, 2)), all().stream())
                .filter(row -> row.threads == 2)
                .flatMap(row -> threads.stream().map(n -> row.scaled(n, threads.get(0))))
                .toList();
    }

    private Row scaled(int n, int first) {
        String name = first + (first == 1 ? " thread" : " threads");
        return new Row(
                this.name,
                n,
                unit,
                work,
                Limit.NONE,
                Bar.NONE,
                new Entrant(Contender.fathom(n), ours.name, ours.method, ours.params),
                n == first ? List.of() : List.of(new Entrant(Contender.fathom(first), name, ours.method, ours.params)),
                null,
                pace);
    }

    /** A layer whose weights are packed before the clock starts. */
    private static Row linear() {
        Contender two = Contender.fathom(2);
        String layer = "m=128,n=256,k=784,layer=true";
        return new Row(
                "linear-128x784x256",
                2,
                Unit.GFLOPS,
                2.0 * 128 * 784 * 256,
                Limit.FMA,
                Bar.atLeast(1.1, 1.3),
                new Entrant(two, "fathom", "FathomRows.linear", "-"),
                Stream.of(
                                blas(2, "-nn", "FathomRows.linearBlas", "transposed=false"),
                                blas(2, "-nt", "FathomRows.linearBlas", "transposed=true"),
                                Stream.of("sgemm", "matmul", "packed").map(way -> onednn(way, 2, layer)))
                        .flatMap(peers -> peers)
                        .toList());
    }

    /** OpenBLAS and, where the system has it, BLIS. */
    private static Stream<Entrant> blas(int threads, String suffix, String method, String params) {
        Stream<Contender> other = Contender.hasBlis() ? Stream.of(Contender.blis(threads)) : Stream.of();
        return Stream.concat(
                Stream.of(new Entrant(Contender.fathom(threads), "openblas" + suffix, method, params)),
                other.map(blis -> new Entrant(blis, "blis" + suffix, method, params)));
    }

    /** A product of oneDNN, computed in this way. */
    private static Entrant onednn(String way, int threads, String product) {
        String params = product + ",way=" + way.toUpperCase(Locale.ROOT);
        return new Entrant(Contender.dnnl(threads), "onednn-" + way, "DnnlProducts.run", params);
    }

    private static Row training(int batch) {
        String params = "batch=" + batch;
        return mlp("mlp-train-b" + batch, batch, Bar.atLeast(2.0, 2.6), "FathomMlp.train", "TorchRows.train", params);
    }

    /** A step as the quickstart takes it; the data is gathered, normalized and dropped at random on both sides. */
    private static Row quickstart() {
        Bar bar = Bar.atLeast(2.0, 2.6);
        return mlp("quickstart-train", Work.BATCH, bar, "FathomQuickstart.train", "TorchQuickstart.train", "-");
    }

    /** Forward, two products per layer backward but for the images' gradient, which nobody asks for. */
    private static Row mlp(String name, int batch, Bar bar, String ours, String theirs, String params) {
        double macs = 0;
        for (int i = 0; i + 1 < Work.MLP.length; i++) {
            macs += (double) Work.MLP[i] * Work.MLP[i + 1];
        }
        double flops = 2.0 * batch * (3 * macs - Work.MLP[0] * Work.MLP[1]);
        Entrant fathom = new Entrant(Contender.fathom(2), "fathom", ours, params);
        return new Row(name, 2, Unit.MS, flops, Limit.FMA, bar, fathom, torches(theirs, params));
    }

    /** PyTorch in every setting that may be the fastest for small nets. */
    private static List<Entrant> torches(String method, String params) {
        return each(
                method,
                params,
                Contender.torch("torch-passive", 2, PASSIVE),
                Contender.torch("torch-blas1", 2, BLAS1),
                Contender.torch("torch-malloc-blas1", 2, MALLOC1),
                Contender.torch("torch-1-thread", 1),
                Contender.official("torch-mkl", 2),
                Contender.official("torch-mkl-malloc", 2, MALLOC));
    }

    private static List<Entrant> each(String method, String params, Contender... contenders) {
        return Stream.of(contenders)
                .map(contender -> new Entrant(contender, contender.name(), method, params))
                .toList();
    }

    private static List<Row> sequences() {
        List<Row> rows = new ArrayList<>();
        rows.add(recurrent("lstm-32x500", Bar.atLeast(3.0, 4.5).onNarrower(2.0)));
        rows.add(recurrent("lstm-256x100", Bar.atLeast(1.15, 1.35).onNarrower(1.1)));
        rows.add(recurrent("gru-256x100", Bar.atLeast(2.0, 2.9).onNarrower(1.4)));
        rows.add(recurrent("bilstm-packed", Bar.atLeast(4.0, 6.0).onNarrower(3.0)));
        for (String net : List.of("lstm-32x500", "lstm-256x100", "gru-256x100")) {
            rows.add(doubled(net, "steps"));
            rows.add(doubled(net, "batch"));
        }
        for (String cell : List.of("lstm", "gru")) {
            for (int hidden : new int[] {32, 256}) {
                rows.add(layer(cell, hidden, false));
                rows.add(layer(cell, hidden, true));
            }
        }
        rows.add(new Row(
                "lstm-latency-b1",
                1,
                Unit.US,
                Recurrence.of("lstm").flops(false),
                Limit.FMA,
                Bar.atLeast(1.5, 2.2),
                new Entrant(Contender.fathom(1), "fathom", "FathomSequences.latency", "-"),
                List.of(new Entrant(Contender.ort(), "onnxruntime", "OrtRows.latency", "net=lstm,threads=1"))));
        for (int length : new int[] {128, 1024, 4096}) {
            rows.add(attention(length));
        }
        rows.add(transformer());
        rows.add(autoencoder());
        rows.add(supernet());
        rows.add(generation());
        rows.add(narrowGeneration());
        rows.add(encoder());
        double bert = Transformer.of("bert").flops();
        String answer = "FathomTransformers.answer";
        rows.add(products(
                "bert-infer-b1-int8",
                bert,
                answer,
                "",
                Quantization.INT8,
                Bar.atLeast(2, 2).onNarrower(1.15)));
        rows.add(products(
                "bert-infer-b1-bf16",
                bert,
                answer,
                "",
                Quantization.BF16_PRODUCTS,
                Bar.atLeast(1.5, 1.5).onNarrower(0)));
        rows.addAll(encoders());
        for (int length : LENGTHS) {
            rows.add(encoder(new EncoderCase(6, length, 1), 1));
        }
        for (int millions : new int[] {15, 110}) {
            rows.add(decoder(millions));
            rows.add(prefill(millions, 128));
        }
        for (String type : List.of("F32", "Q8_0", "Q4_K")) {
            rows.add(writing(110, type));
        }
        for (boolean lazy : new boolean[] {true, false}) {
            rows.add(embedding(10_000, 32, lazy));
            rows.add(embedding(1_000_000, 64, lazy));
        }
        return rows;
    }

    private static Row recurrent(String net, Bar bar) {
        String params = "net=" + net;
        Entrant fathom = new Entrant(Contender.fathom(2), "fathom", "FathomSequences.train", params);
        List<Entrant> rivals = new ArrayList<>(torches("TorchSequences.train", params));
        rivals.addAll(each("TorchSequences.train", params, Contender.torch("torch-thp-malloc-blas1", 2, THP1)));
        Recurrence r = Recurrence.of(net);
        Contender dl4j = Contender.dl4j(); // it has no GRU
        Beside beside = r.gru() || r.ragged()
                ? null
                : new Beside("dl4j", Bar.NONE, new Entrant(dl4j, dl4j.name(), "Dl4jRows.train", params));
        // PyTorch runs these step by step, which takes a second in some of its settings
        Pace pace = r.gru() || r.ragged() ? Pace.SLOW : Pace.USUAL;
        return new Row(net + "-train", 2, Unit.MS, r.trainingFlops(), Limit.FMA, bar, fathom, rivals, beside, pace);
    }

    /** A training step on twice the work beside one on the usual: it may take 2.2 times as long. */
    private static Row doubled(String net, String what) {
        Contender here = Contender.fathom(2);
        String twice = net + "-twice-" + what;
        return new Row(
                twice,
                2,
                Unit.MS,
                Recurrence.of(twice).trainingFlops(),
                Limit.FMA,
                Bar.atLeast(1 / 2.2, 1 / 2.2).unbounded(),
                new Entrant(here, "fathom", "FathomSequences.train", "net=" + twice),
                List.of(new Entrant(here, "once", "FathomSequences.train", "net=" + net)));
    }

    /**
     * A thousand texts of 400 characters beside Hugging Face's library, whose interface copies more than the numbers.
     */
    private static Row tokenizing(String kind) {
        Contender rival = Contender.tokenizers();
        String params = "kind=" + kind;
        return new Row(
                "tokenize-" + kind,
                1,
                Unit.MS,
                TokenizerCase.ALL,
                Limit.NONE,
                Bar.atLeast(1.0, 2.0).unbounded(),
                new Entrant(
                        Contender.fathom(1),
                        "fathom",
                        "FathomTokenizers.encode",
                        params + ",length=" + TokenizerCase.LENGTH),
                List.of(
                        new Entrant(rival, "tokenizers", "TokenizersRows.encode", params),
                        new Entrant(rival, "tokenizers-batch", "TokenizersRows.batch", params),
                        new Entrant(rival, "tokenizers-numbers", "TokenizersRows.numbers", params),
                        new Entrant(rival, "tokenizers-batch-numbers", "TokenizersRows.batchOfNumbers", params)));
    }

    /**
     * Compares one long text with many texts of 400 characters that have as many characters together. Time is linear in
     * the length of a text if neither is much faster.
     */
    private static Row longTexts(String kind) {
        Contender here = Contender.fathom(1);
        String params = "kind=" + kind + ",length=";
        return new Row(
                "tokenize-" + kind + "-long",
                1,
                Unit.MS,
                TokenizerCase.ALL,
                Limit.NONE,
                Bar.atLeast(0.67, 0.67).unbounded(),
                new Entrant(here, "fathom", "FathomTokenizers.encode", params + TokenizerCase.ALL),
                List.of(new Entrant(here, "short", "FathomTokenizers.encode", params + TokenizerCase.LENGTH)));
    }

    /** The nearest of a million vectors; the figure counts the bytes that are read, of int8 those of its codes. */
    private static Row search(String kind, double bytes) {
        return new Row(
                "search-" + kind,
                2,
                Unit.GBS,
                bytes * Work.VECTORS,
                new Limit("read", 100_000_000),
                Bar.share(0.8),
                new Entrant(Contender.fathom(2), "fathom", "FathomSearch.nearest", "kind=" + kind),
                kind.startsWith("f32")
                        ? List.of(new Entrant(Contender.torch("torch", 2), "torch", "TorchRows.search", "-"))
                        : List.of(),
                null,
                Pace.SLOW);
    }

    /** The kernel of a layer beside oneDNN's primitive, on what the rows {@code -train} of this width give to it. */
    private static Row layer(String cell, int hidden, boolean backward) {
        String net = cell + "-" + (hidden == 32 ? "32x500" : "256x100");
        String params = "net=" + net + ",backward=" + backward;
        return new Row(
                cell + "-cell-" + hidden + (backward ? "-bwd" : "-fwd"),
                2,
                Unit.MS,
                Recurrence.of(net).flops(backward),
                Limit.FMA,
                Bar.atLeast(1.0, hidden == 32 ? 1.5 : 1.0),
                new Entrant(Contender.fathom(2), "fathom", "FathomSequences.alone", params),
                List.of(new Entrant(Contender.dnnl(2), "onednn", "DnnlRows.recurrent", params)));
    }

    /** Attention forward and backward beside PyTorch's fused kernel, on tensors in either order. */
    private static Row attention(int length) {
        String params = "length=" + length;
        List<Entrant> rivals = new ArrayList<>();
        rivals.addAll(suffixed("tokens", spacious("TorchTransformers.attention", params + ",headsFirst=false")));
        rivals.addAll(suffixed("heads", spacious("TorchTransformers.attention", params + ",headsFirst=true")));
        return new Row(
                "attention-" + length,
                2,
                Unit.MS,
                new Heads(length).flops(),
                Limit.FMA,
                Bar.atLeast(1.0, 1.3),
                new Entrant(Contender.fathom(2), "fathom", "FathomTransformers.attention", params),
                rivals,
                null,
                length > 1024 ? Pace.SLOW : Pace.USUAL);
    }

    /** A training step beside PyTorch with each of its ways to compute attention. */
    private static Row transformer() {
        List<Entrant> rivals = new ArrayList<>();
        for (String attention : List.of("fused", "products", "module")) {
            rivals.addAll(suffixed(attention, each("TorchTransformers.train", "attention=" + attention, vast())));
        }
        return new Row(
                "transformer-train",
                2,
                Unit.MS,
                Transformer.of("encoder").trainingFlops(),
                Limit.FMA,
                Bar.atLeast(1.2, 1.5),
                new Entrant(Contender.fathom(2), "fathom", "FathomTransformers.train", "-"),
                rivals,
                null,
                Pace.SLOW);
    }

    /** A training step of a member of CAE-Ensemble beside PyTorch with both ways to compute attention. */
    private static Row autoencoder() {
        List<Entrant> rivals = new ArrayList<>();
        rivals.addAll(suffixed("fused", spacious("TorchAutoencoder.train", "fused=true")));
        rivals.addAll(suffixed("products", spacious("TorchAutoencoder.train", "fused=false")));
        return new Row(
                "cae-train",
                2,
                Unit.MS,
                AutoencoderCase.CAE.trainingFlops(),
                Limit.FMA,
                Bar.atLeast(1.3, 1.6),
                new Entrant(Contender.fathom(2), "fathom", "FathomAutoencoder.train", "-"),
                rivals);
    }

    /** A training step of the supernet of AutoCTS beside PyTorch with both ways to compute attention. */
    private static Row supernet() {
        List<Entrant> rivals = new ArrayList<>();
        rivals.addAll(suffixed("fused", spacious("TorchSupernet.train", "fused=true")));
        rivals.addAll(suffixed("products", spacious("TorchSupernet.train", "fused=false")));
        return new Row(
                "supernet-train",
                2,
                Unit.MS,
                SupernetCase.trainingFlops(),
                Limit.FMA,
                Bar.atLeast(1.3, 1.6),
                new Entrant(Contender.fathom(2), "fathom", "FathomSupernet.train", "-"),
                rivals);
    }

    /**
     * The step passes over the numbers of the tokens alone, or over all of them: the values and both moments, read and
     * written.
     */
    private static Row embedding(int vocabulary, int dim, boolean lazy) {
        String params = "vocabulary=" + vocabulary + ",dim=" + dim + ",lazy=" + lazy;
        double used = (double) Recurrence.TOKENS * dim;
        boolean large = vocabulary >= 1_000_000;
        return new Row(
                "embedding-" + vocabulary + "x" + dim + (lazy ? "-lazy" : "-dense"),
                2,
                Unit.MS,
                16 * used + 24 * (lazy ? used : (double) vocabulary * dim),
                new Limit("triad", (large ? 16 : 1) * 1_000_000),
                Bar.NONE,
                new Entrant(Contender.fathom(2), "fathom", "FathomSequences.embedding", params),
                each("TorchSequences.embedding", params, vast()),
                null,
                large ? Pace.SLOW : Pace.USUAL);
    }

    /** PyTorch in the settings that are fastest where tensors are large, for it keeps what a step frees. */
    private static Contender[] spacious(int threads) {
        return new Contender[] {
            Contender.torch("torch-malloc-blas1", threads, MALLOC1),
            Contender.official("torch-mkl-malloc", threads, MALLOC)
        };
    }

    /** PyTorch in the settings that are fastest where a step makes tensors of many megabytes. */
    private static Contender[] vast() {
        Contender huge = Contender.torch("torch-thp-malloc-blas1", 2, THP1);
        return Stream.concat(Stream.of(spacious(2)), Stream.of(huge)).toArray(Contender[]::new);
    }

    private static List<Entrant> spacious(String method, String params) {
        return each(method, params, spacious(2));
    }

    /** A row whose matrices are stored in BF16 beside itself with those of F32, which reads {@code floats}. */
    private static Row narrow(
            String name, int threads, Unit unit, double bytes, int floats, String method, double share, Pace pace) {
        Contender fathom = Contender.fathom(threads);
        return new Row(
                name,
                threads,
                unit,
                bytes,
                new Limit("read", floats),
                Bar.atLeast(1.4, 1.6).withShare(share),
                new Entrant(fathom, "fathom", method, "weights=BF16"),
                List.of(new Entrant(fathom, "fathom-f32", method, "weights=F32")),
                null,
                pace);
    }

    private static Row narrowGeneration() {
        Transformer gpt = Transformer.of("gpt");
        return narrow(
                "gpt-generate-bf16",
                2,
                Unit.MS,
                gpt.generatedBytes(2),
                (int) gpt.weights() / 2,
                "FathomTransformers.generate",
                0.8,
                Pace.SLOW);
    }

    /** A sequence written token by token, which reads every matrix once for each. */
    private static Row generation() {
        List<Entrant> rivals = new ArrayList<>();
        rivals.add(new Entrant(Contender.ort(), "onnxruntime", "OrtTransformers.generate", "-"));
        for (String attention : List.of("fused", "products")) {
            rivals.addAll(suffixed(attention, spacious("TorchTransformers.generate", "attention=" + attention)));
        }
        Transformer gpt = Transformer.of("gpt");
        return new Row(
                "gpt-generate",
                2,
                Unit.MS,
                gpt.generatedBytes(4),
                new Limit("read", (int) gpt.weights()),
                Bar.atLeast(1.2, 2.0).withShare(0.8),
                new Entrant(Contender.fathom(2), "fathom", "FathomTransformers.generate", "-"),
                rivals,
                null,
                Pace.SLOW);
    }

    /** A frozen encoder beside ONNX Runtime's fused operators. */
    private static Row encoder() {
        List<Entrant> rivals = new ArrayList<>();
        for (boolean packed : new boolean[] {true, false}) {
            String name = "onnxruntime-" + (packed ? "packed" : "separate");
            rivals.add(new Entrant(Contender.ort(), name, "OrtTransformers.answer", "packed=" + packed));
        }
        return new Row(
                "bert-infer-b1",
                2,
                Unit.MS,
                Transformer.of("bert").flops(),
                Limit.FMA,
                Bar.atLeast(1.0, 1.15),
                new Entrant(Contender.fathom(2), "fathom", "FathomTransformers.answer", "-"),
                rivals);
    }

    /** Lengths of the longest text of the rows {@code encoder-}. */
    private static final int[] LENGTHS = {16, 64, 128, 512};

    /** The rows {@code encoder-}: texts as vectors, one text or many of mixed lengths. */
    private static List<Row> encoders() {
        List<Row> rows = new ArrayList<>();
        for (int layers : new int[] {6, 12}) {
            for (int batch : new int[] {1, 32}) {
                for (int length : LENGTHS) {
                    rows.add(encoder(new EncoderCase(layers, length, batch), 2));
                }
            }
        }
        return rows;
    }

    /**
     * Texts beside ONNX Runtime's fused operators and PyTorch, which pad texts to one length: one by one, so that there
     * is nothing to pad, some of similar lengths together, or all of them.
     */
    private static Row encoder(EncoderCase encoder, int threads) {
        String params = "layers=" + encoder.layers() + ",length=" + encoder.length() + ",batch=" + encoder.batch();
        List<Entrant> rivals = new ArrayList<>();
        for (int together : together(encoder)) {
            String all = params + ",together=" + together;
            for (boolean packed : new boolean[] {true, false}) {
                String name = "onnxruntime-" + (packed ? "packed-" : "separate-") + together;
                String ort = all + ",packed=" + packed + ",threads=" + threads;
                rivals.add(new Entrant(Contender.ort(), name, "OrtEncoders.embed", ort));
            }
            rivals.addAll(suffixed(String.valueOf(together), each("TorchEncoders.embed", all, spacious(threads))));
        }
        return new Row(
                encoder.name(),
                threads,
                Unit.MS,
                encoder.flops(),
                Limit.FMA,
                encoder.length() == 16 && threads == 1 ? Bar.atLeast(1.2, 1.5) : Bar.atLeast(1.0, 1.3),
                new Entrant(Contender.fathom(threads), "fathom", "FathomEncoders.embed", params),
                rivals,
                null,
                encoder.batch() > 1 && encoder.length() > 128 ? Pace.SLOW : Pace.USUAL);
    }

    /**
     * Texts in a run of a peer: the numbers with which one of them was the fastest, of 1, 8 and 32. The others took 1.1
     * to 2.5 times as long, since long texts fill both threads alone and short ones cost no more than a call.
     */
    private static int[] together(EncoderCase encoder) {
        if (encoder.batch() == 1 || encoder.length() > 128) {
            return new int[] {1};
        }
        return encoder.length() > 16 ? new int[] {1, 8} : new int[] {8, encoder.batch()};
    }

    /** Tokens written one by one: all that is asked is the speed at which the machine reads. */
    private static Row decoder(int millions) {
        DecoderCase decoder = DecoderCase.of(millions);
        return new Row(
                "decoder-" + millions + "m",
                2,
                Unit.MS,
                decoder.writtenBytes(),
                new Limit("read", (int) decoder.weights()),
                Bar.share(0.8),
                new Entrant(
                        Contender.fathom(2), "fathom", "FathomDecoders.generate", "millions=" + millions + ",length=1"),
                List.of(),
                null,
                Pace.SLOW);
    }

    /** Tokens written one by one with the matrices of a file of llama.cpp, beside llama.cpp. */
    private static Row writing(int millions, String type) {
        String params = "millions=" + millions + ",weights=" + type;
        return new Row(
                "write-" + millions + "m-" + type.toLowerCase(Locale.ROOT),
                2,
                Unit.MS,
                DecoderCase.WRITTEN * 2.0 * DecoderCase.of(millions).weights(),
                Limit.NONE,
                Bar.atLeast(1.0, 1.0).unbounded(),
                new Entrant(Contender.fathom(2), "fathom", "FathomDecoders.write", params),
                each("LlamaRows.generate", params, Contender.llama(1), Contender.llama(2)),
                null,
                Pace.SLOW);
    }

    /** A prompt that is read at once, beside PyTorch with its fused causal attention. */
    private static Row prefill(int millions, int length) {
        String params = "millions=" + millions + ",length=" + length;
        return new Row(
                "prefill-" + millions + "m-" + length,
                2,
                Unit.MS,
                DecoderCase.of(millions).promptFlops(length),
                Limit.FMA,
                Bar.atLeast(1.1, 1.1),
                new Entrant(Contender.fathom(2), "fathom", "FathomDecoders.prefill", params),
                spacious("TorchDecoders.prefill", params),
                null,
                Pace.SLOW);
    }

    /** Returns these entrants with a suffix behind their names, which says what their parameters are. */
    private static List<Entrant> suffixed(String suffix, List<Entrant> entrants) {
        return entrants.stream()
                .map(e -> new Entrant(e.contender(), e.name() + "-" + suffix, e.method(), e.params()))
                .toList();
    }

    /**
     * Freezing reads every weight once and writes it once, packed: at most half as long again as touching a block of
     * the plan's size and copying the model, which the same process does in turn.
     */
    private static Row freezing() {
        Contender here = Contender.fathom(2);
        String params = "net=vgg16";
        return new Row(
                "freeze-vgg16",
                2,
                Unit.MS,
                8.0 * Network.of("vgg16").parameters(),
                new Limit("scale", 16_000_000),
                Bar.atLeast(1 / 1.5, 1 / 1.5).within(800),
                new Entrant(here, "fathom", "FathomFreeze.freeze", params),
                List.of(new Entrant(here, "touch-and-copy", "FathomFreeze.touchAndCopy", params)),
                null,
                Pace.SLOW);
    }

    /** The rows {@code onnx-}. */
    private static List<Row> files() {
        List<Row> rows = new ArrayList<>();
        OnnxCase.all().forEach(model -> rows.add(file(model)));
        rows.add(importing());
        return rows;
    }

    /**
     * A model of a file beside ONNX Runtime, which is told the sizes of free dimensions, and which runs small models in
     * one thread as well.
     */
    private static Row file(OnnxCase model) {
        String params = "model=" + model.name();
        List<Entrant> rivals = new ArrayList<>();
        rivals.add(new Entrant(Contender.ort(), "onnxruntime", "OrtOnnx.run", params + ",threads=2"));
        if (model.file() != null) {
            rivals.add(new Entrant(Contender.ort(), "onnxruntime-1-thread", "OrtOnnx.run", params + ",threads=1"));
        }
        return new Row(
                ONNX + model.name(),
                2,
                Unit.US,
                1,
                Limit.NONE,
                Bar.atLeast(1.0, 1.2).unbounded(),
                new Entrant(Contender.fathom(2), "fathom", "FathomOnnx.run", params),
                rivals,
                null,
                model.goldens() != null ? Pace.BRIEF : model.large() ? Pace.SLOW : Pace.USUAL);
    }

    /** From a file to a session, on either side. */
    private static Row importing() {
        String params = "model=resnet50-1x3x224x224";
        return new Row(
                ONNX + "import-resnet50",
                2,
                Unit.MS,
                1,
                Limit.NONE,
                Bar.atLeast(1.0, 1.2).unbounded(),
                new Entrant(Contender.fathom(2), "fathom", "FathomOnnx.read", params),
                List.of(new Entrant(Contender.ort(), "onnxruntime", "OrtOnnx.read", params + ",threads=2")),
                null,
                Pace.USUAL);
    }

    /**
     * oneDNN with tensors in the layouts that it asks for, and beside it with plain ones, which it then reorders in
     * every call.
     */
    private static Row convolution(ConvCase conv, ConvCase.Direction direction) {
        String params = "layer=" + conv.layer() + ",direction=" + direction;
        Contender dnnl = Contender.dnnl(2);
        Bar bar = Bar.atLeast(0.85, conv.winograd() && direction != ConvCase.Direction.WEIGHTS ? 1.4 : 1.1);
        return new Row(
                convolution(conv.layer(), direction),
                2,
                Unit.GFLOPS,
                conv.flops(),
                Limit.FMA,
                ConvCase.shortened(conv.kernel(), conv.stride(), conv.groups()) ? bar.unbounded() : bar,
                new Entrant(Contender.fathom(2), "fathom", "FathomConv.run", params),
                List.of(new Entrant(dnnl, "onednn", "DnnlRows.conv", params + ",nchw=false")),
                new Beside(NCHW, Bar.NONE, new Entrant(dnnl, "onednn-nchw", "DnnlRows.conv", params + ",nchw=true")),
                Pace.BRIEF);
    }

    /** What is done to filters whenever they changed: Winograd's transform here, and a reorder by oneDNN. */
    private static Row filters() {
        String params = "layer=" + ConvCase.FILTERS + ",direction=" + ConvCase.Direction.FWD;
        return new Row(
                "conv-filters-" + ConvCase.FILTERS,
                2,
                Unit.MS,
                1,
                Limit.NONE,
                Bar.NONE,
                new Entrant(Contender.fathom(2), "fathom", "FathomConv.filters", params),
                List.of(new Entrant(Contender.dnnl(2), "onednn-reorder", "DnnlRows.filters", params + ",nchw=false")),
                null,
                Pace.BRIEF);
    }

    private static String convolution(String layer, ConvCase.Direction direction) {
        return "conv-" + layer + "-" + direction.text();
    }

    /**
     * All layers of convolutions together, per direction, alike and as networks have them, some of which can be
     * computed with fewer operations, so that the machine is no bound; all encoders of texts; and all models of files.
     */
    static List<Mean> means() {
        List<Mean> means = new ArrayList<>();
        for (ConvCase.Direction direction : ConvCase.Direction.values()) {
            List<String> rows = ConvCase.LAYERS.stream()
                    .filter(conv -> conv.has(direction))
                    .map(conv -> convolution(conv.layer(), direction))
                    .toList();
            means.add(new Mean(
                    convolution("mean", direction), Bar.atLeast(1.0, 1.1).unbounded(), rows));
            means.add(new Mean(
                    convolution("mean", direction) + "-" + NCHW,
                    Bar.atLeast(1.3, 1.5).unbounded(),
                    rows.stream().map(row -> row + "-" + NCHW).toList()));
            for (String net : List.of("resnet18", "resnet50", "mobilenetv2")) {
                Map<String, Double> weights = new TreeMap<>();
                ConvCase.shares(Network.of(net), direction)
                        .forEach((layer, share) -> weights.put(convolution(layer, direction), share));
                means.add(new Mean(
                        convolution("mean-" + net, direction),
                        Bar.atLeast(1.0, 1.1).unbounded(),
                        weights));
            }
        }
        means.add(new Mean(
                "encoder-mean",
                Bar.atLeast(1.3, 1.6).unbounded(),
                encoders().stream().map(Row::name).toList()));
        if (OnnxCase.missing() == null) {
            means.add(new Mean(
                    ONNX + "mean",
                    Bar.atLeast(1.2, 1.5).unbounded(),
                    OnnxCase.all().stream().map(model -> ONNX + model.name()).toList()));
        }
        return means;
    }

    /** Training steps of convolutional networks. */
    static List<Row> trainings() {
        return List.of(
                training("lenet", 64, Bar.atLeast(3.0, 4.5)),
                training("cifar", 128, Bar.atLeast(1.25, 1.5)),
                training("resnet18", 16, Bar.atLeast(1.0, 1.15)));
    }

    /** A step of a trainer with two replicas beside one that does not cut its batches. */
    private static Row replicas(String net, int shards, double flops) {
        Contender here = Contender.fathom(2);
        String params = "net=" + net + ",shards=" + shards + ",replicas=";
        return new Row(
                net + "-replicas-s" + shards,
                2,
                Unit.MS,
                flops,
                Limit.FMA,
                Bar.NONE,
                new Entrant(here, "fathom", "FathomReplicas.train", params + 2),
                List.of(new Entrant(here, "without", "FathomReplicas.train", params + 0)));
    }

    /** A round of a Wasserstein adversarial net beside the same settings. */
    private static Row adversaries() {
        List<Entrant> rivals = new ArrayList<>();
        for (Contender torch : spacious(2)) {
            for (boolean last : new boolean[] {true, false}) {
                String name = torch.name() + (last ? "-cl" : "");
                rivals.add(new Entrant(torch, name, "TorchAdversaries.train", "channelsLast=" + last));
            }
        }
        return new Row(
                "wgan-train",
                2,
                Unit.MS,
                Adversaries.flops(),
                Limit.FMA,
                Bar.atLeast(1.3, 1.5),
                new Entrant(Contender.fathom(2), "fathom", "FathomAdversaries.train", "-"),
                rivals);
    }

    /** The fastest of PyTorch's settings, and beside it PyTorch as it comes: its official build, NCHW, nothing set. */
    private static Row training(String net, int batch, Bar bar) {
        String params = "net=" + net + ",batch=" + batch;
        List<Entrant> rivals = new ArrayList<>();
        for (Contender torch : vast()) {
            rivals.add(new Entrant(torch, torch.name() + "-cl", "TorchNets.train", params + ",channelsLast=true"));
        }
        Contender plain = Contender.official("torch-mkl", 2);
        Entrant shipped = new Entrant(plain, "torch-mkl", "TorchNets.train", params + ",channelsLast=false");
        rivals.add(shipped);
        return new Row(
                net + "-train-b" + batch,
                2,
                Unit.MS,
                Network.of(net).trainingFlops(batch),
                Limit.FMA,
                Network.of(net).shortened() ? bar.unbounded() : bar,
                new Entrant(Contender.fathom(2), "fathom", "FathomNets.train", params),
                rivals,
                new Beside("as-shipped", Bar.NONE, shipped),
                net.startsWith("resnet") ? Pace.SLOW : Pace.USUAL);
    }

    /** ONNX Runtime, and TensorFlow Lite on networks of a phone's size. */
    private static List<Entrant> served(String net, int threads) {
        String params = "net=" + net + ",threads=" + threads;
        List<Entrant> rivals = new ArrayList<>();
        rivals.add(new Entrant(Contender.ort(), "onnxruntime", "OrtRows.latency", params));
        if (PHONES.contains(net)) {
            rivals.add(new Entrant(Contender.tflite(), "tflite", "TfliteRows.latency", params));
        }
        return rivals;
    }

    private static Row frozen(String name, String net, int threads, Unit unit, Bar bar) {
        return new Row(
                name,
                threads,
                unit,
                2 * Network.of(net).macs(),
                Limit.FMA,
                Network.of(net).shortened() ? bar.unbounded() : bar,
                new Entrant(Contender.fathom(threads), "fathom", "FathomNets.answer", "net=" + net),
                served(net, threads),
                null,
                net.equals("vgg16") || net.equals("resnet50") ? Pace.SLOW : Pace.USUAL);
    }

    /** A frozen network whose products are of fewer bytes beside itself in F32. */
    private static Row products(String name, double flops, String method, String params, Quantization as, Bar bar) {
        Contender fathom = Contender.fathom(2);
        return new Row(
                name,
                2,
                Unit.MS,
                flops,
                Limit.NONE,
                bar,
                new Entrant(fathom, "fathom", method, params + "weights=" + as),
                List.of(new Entrant(fathom, "fathom-f32", method, params + "weights=F32")));
    }

    private static Row elementwise(
            String name, int threads, String method, String params, double bytes, Limit limit, Bar bar) {
        List<Entrant> rivals = each(
                "TorchRows." + method,
                params,
                Contender.torch("torch", threads),
                Contender.official("torch-mkl", threads));
        Entrant ours = new Entrant(Contender.fathom(threads), "fathom", "FathomRows." + method, params);
        return new Row(name, threads, Unit.GBS, bytes, limit, bar, ours, rivals);
    }

    private static Row structured(String name, String op, int threads, double bytes, Limit limit) {
        return elementwise(name, threads, "structured", "op=" + op, bytes, limit, Bar.atLeast(1.0, 1.0));
    }

    private static int parameters() {
        int sum = 0;
        for (int i = 0; i + 1 < Work.MLP.length; i++) {
            sum += (Work.MLP[i] + 1) * Work.MLP[i + 1];
        }
        return sum;
    }
}
