package dev.fathom.labs.memory;

import static dev.fathom.labs.pages.Findings.line;

import dev.fathom.data.Dataset;
import dev.fathom.labs.experiments.LabRun;
import dev.fathom.labs.experiments.OldExperiment;
import dev.fathom.labs.pages.Figure;
import dev.fathom.labs.pages.Findings;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Loss;
import dev.fathom.nn.Model;
import dev.fathom.op.Shape;
import dev.fathom.optim.Adam;
import dev.fathom.optim.Schedule;
import dev.fathom.recurrent.Recurrent;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import dev.fathom.train.Run;
import dev.fathom.train.Step;
import dev.fathom.train.Trainer;
import dev.fathom.view.Chart;
import dev.fathom.view.Plots;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.IntStream;

/**
 * Memory that is addressed by content and by place: a small Neural Turing Machine learns to copy sequences of random
 * bits, beside an LSTM, and both copy sequences that are longer than any they learned from.
 */
public final class TuringLab implements OldExperiment {
    private static final String MACHINE = "Neural Turing Machine";
    private static final String LSTM = "LSTM";
    private static final int BATCH = 32;
    private static final int TESTED = 64;
    /** The weight from which a slot is drawn. */
    private static final float SEEN = 0.05f;

    /**
     * How large it all is.
     *
     * @param bits in a vector
     * @param longest sequence that is learned from
     * @param tested the longest sequence of the test
     * @param slots of the memory
     * @param width of a slot
     * @param hidden units of the controller and of the LSTM
     */
    private record Size(int bits, int longest, int tested, int slots, int width, int hidden) {}

    private static final Size FULL = new Size(6, 8, 32, 40, 10, 64);
    private static final Size BRIEF = new Size(4, 5, 15, 20, 8, 64);

    @Override
    public String name() {
        return "turing";
    }

    @Override
    public Findings run(LabRun run) {
        Size size = run.brief() ? BRIEF : FULL;
        Findings page = run.page("Lab turing", line("Generated sequences of random vectors of %d bits", size.bits));
        page.section("Copying", "")
                .text(line(
                        "The input is 1 to %d vectors of %d random bits, then as many steps with nothing but a "
                                + "sign to answer, and in these the vectors are "
                                + "to be given back in their order. The machine has %d slots of %d numbers, one "
                                + "head that writes and one that reads; its "
                                + "controller has %d units and no memory. The LSTM has as many units. Both learn "
                                + "from the same sequences. The paper trains "
                                + "a larger machine on up to 20 vectors of 8 bits, so its figures do not compare; "
                                + "a guess is right for half of the bits.",
                        size.longest, size.bits, size.slots, size.width, size.hidden));
        Map<String, Sequencer> nets = new LinkedHashMap<>();
        nets.put(
                LSTM,
                new Sequencer.Plain(Recurrent.lstm(size.bits + 1, size.hidden), new Linear(size.hidden, size.bits)));
        nets.put(MACHINE, new TuringMachine(size.bits + 1, size.bits, size.hidden, size.slots, size.width));
        Map<String, double[]> right = new LinkedHashMap<>();
        Map<String, double[][]> curves = new LinkedHashMap<>();
        List<List<String>> rows = new ArrayList<>();
        for (Map.Entry<String, Sequencer> entry : nets.entrySet()) {
            try (Model<Sequencer> model = Model.of(entry.getValue(), run.seed())) {
                Run history = train(run, entry.getKey(), model, size);
                if (run.interrupt().requested()) {
                    break;
                }
                double[] shares = accuracies(run, model.net(), size);
                right.put(entry.getKey(), shares);
                curves.put(entry.getKey(), history.curve("loss"));
                rows.add(row(entry.getKey(), model, shares, size, history.seconds()));
                if (model.net() instanceof TuringMachine machine) {
                    weights(run, page, machine, size);
                }
            }
        }
        results(page, size, right, curves, rows);
        return right.size() < nets.size() ? page : page.finished();
    }

    /** Inputs [n, 2 length, bits + 1] for vectors [n, length, bits]: the vectors, and then the sign to answer. */
    static Tensor asked(Tensor vectors) {
        int n = vectors.dim(0);
        int length = vectors.dim(1);
        int bits = vectors.dim(2);
        Tensor said = Tensor.concat(2, vectors, Tensor.zeros(n, length, 1));
        Tensor sign = Tensor.concat(2, Tensor.zeros(n, length, bits), Tensor.ones(n, length, 1));
        return Tensor.concat(1, said, sign);
    }

    /** The logits of the bits in the second half of the steps, [n, length, bits]. */
    private static Tensor answers(Sequencer net, Tensor vectors) {
        int length = vectors.dim(1);
        return net.outputs(asked(vectors)).slice(1, length, 2 * length);
    }

    private static float[] bits(Rng rng, int count) {
        float[] bits = rng.uniform(count, 0, 1);
        for (int i = 0; i < count; i++) {
            bits[i] = bits[i] < 0.5f ? 0 : 1;
        }
        return bits;
    }

    private static Run train(LabRun run, String name, Model<Sequencer> model, Size size) {
        run.training().say("%n== %s", name);
        int sequences = BATCH * 100;
        int epochs = run.epochs(25, 8);
        float[] random = bits(new Rng(run.seed()).split("learn"), sequences * size.longest * size.bits);
        try (Dataset data = Dataset.of(random, Shape.of(size.longest, size.bits), new int[sequences])) {
            var trainer = Trainer.custom(model, new Adam(5e-3f), (net, batch) -> {
                        float drawn = Pass.current()
                                .uniform(Shape.of(1), 0, size.longest)
                                .item();
                        Tensor vectors = batch.x().slice(1, 0, Math.min(size.longest, 1 + (int) drawn));
                        return new Step.Result(Loss.bceWithLogits().of(answers(net, vectors), vectors));
                    })
                    .schedule(Schedule.cosine(epochs))
                    .clipNorm(1)
                    .seed(run.seed());
            trainer = run.training().attach(trainer, run.folder().resolve(name.replace(' ', '-')), "sequences");
            return trainer.fit(data.shuffled(run.seed()).batches(BATCH), epochs);
        }
    }

    /** The share of bits that are right, by the length from 1 on. */
    private static double[] accuracies(LabRun run, Sequencer net, Size size) {
        return IntStream.rangeClosed(1, size.tested)
                .mapToDouble(length -> {
                    Rng rng = new Rng(run.seed()).split("test").split(length);
                    try (Pass pass = Pass.infer()) {
                        Tensor vectors = Tensor.of(bits(rng, TESTED * length * size.bits), TESTED, length, size.bits);
                        return answers(net, vectors).gt(0).eq(vectors).mean().item();
                    }
                })
                .toArray();
    }

    // ---- the page

    private static double mean(double[] shares, int from, int to) {
        return 100
                * IntStream.rangeClosed(from, to)
                        .mapToDouble(length -> shares[length - 1])
                        .average()
                        .orElse(0);
    }

    private static List<String> row(String name, Model<?> model, double[] shares, Size size, double seconds) {
        return List.of(
                name,
                line("%,d", model.parameterCount()),
                line("%.0f s", seconds),
                line("%.2f %%", mean(shares, 1, size.longest)),
                line("%.2f %%", mean(shares, size.longest + 1, 2 * size.longest)),
                line("%.2f %%", mean(shares, 2 * size.longest + 1, size.tested)));
    }

    private static void results(
            Findings page,
            Size size,
            Map<String, double[]> right,
            Map<String, double[][]> curves,
            List<List<String>> rows) {
        if (right.isEmpty()) {
            return;
        }
        double[] lengths =
                IntStream.rangeClosed(1, size.tested).asDoubleStream().toArray();
        page.section("Bits that are right", "")
                .table(
                        List.of(
                                "network",
                                "parameters",
                                "training",
                                line("right, up to %d vectors", size.longest),
                                line("%d to %d vectors", size.longest + 1, 2 * size.longest),
                                line("%d to %d vectors", 2 * size.longest + 1, size.tested)),
                        rows);
        double[] lstm = Objects.requireNonNull(right.get(LSTM));
        double known = mean(lstm, 1, size.longest);
        double longer = mean(lstm, size.longest + 1, 2 * size.longest);
        String upTo = line("bits right, up to %d vectors", size.longest);
        String twice = line("bits right, %d to %d vectors", size.longest + 1, 2 * size.longest);
        double[] machine = right.get(MACHINE);
        if (machine != null) {
            double far = mean(machine, size.longest + 1, 2 * size.longest);
            page.text(line(
                            "Sequences of %d to %d vectors are longer than any that was learned from. Of their "
                                    + "bits the machine has %.2f %% right and the "
                                    + "LSTM %.2f %%, where a guess has 50 %%.",
                            size.longest + 1, 2 * size.longest, far, longer))
                    .key(Figure.of("Turing machine, " + twice, "%", far).baseline(longer, LSTM))
                    .key(Figure.of("Turing machine, " + upTo, "%", mean(machine, 1, size.longest))
                            .baseline(known, LSTM));
        }
        page.figure(Figure.of("LSTM, " + twice, "%", longer).baseline(50, "a guess"))
                .figure(Figure.of("LSTM, " + upTo, "%", known).baseline(50, "a guess"))
                .picture("lengths.png", "Bits that are right, by the length of the sequence", () -> {
                    Chart chart = new Chart("bits right", "vectors in the sequence");
                    right.forEach((name, shares) -> chart.line(name, lengths, shares));
                    return chart.dashed(
                                    "longest that was learned",
                                    new double[] {size.longest, size.longest},
                                    new double[] {0.5, 1})
                            .render();
                })
                .series("loss.png", "The loss over the epochs of training", "loss", "epoch", curves);
    }

    /** Where the machine writes and reads, for a sequence that is longer than those learned from. */
    private static void weights(LabRun run, Findings page, TuringMachine machine, Size size) {
        int length = size.longest * 3 / 2;
        float[][][] heads = new float[2][size.slots][2 * length];
        float[][] answered = new float[2 * size.bits][length];
        float[] vectors = bits(new Rng(run.seed()).split("shown"), length * size.bits);
        int right = 0;
        try (Pass pass = Pass.infer()) {
            Tensor x = Tensor.of(vectors, 1, length, size.bits);
            List<TuringMachine.State> states = machine.states(asked(x));
            for (int t = 0; t < states.size(); t++) {
                float[] both = states.get(t).weights().toArray();
                for (int i = 0; i < both.length; i++) {
                    heads[i / size.slots][i % size.slots][t] = Math.max(0, Math.min(1, both[i]));
                }
            }
            float[] said = answers(machine, x).sigmoid().toArray();
            for (int i = 0; i < said.length; i++) {
                answered[i % size.bits][i / size.bits] = vectors[i];
                answered[size.bits + i % size.bits][i / size.bits] = said[i];
                right += Math.round(said[i]) == Math.round(vectors[i]) ? 1 : 0;
            }
        }
        int[] used = IntStream.range(0, size.slots)
                .filter(slot -> largest(heads[0][slot]) > SEEN || largest(heads[1][slot]) > SEEN)
                .toArray();
        List<String> slots = IntStream.of(used).mapToObj(Integer::toString).toList();
        List<String> steps =
                IntStream.rangeClosed(1, 2 * length).mapToObj(Integer::toString).toList();
        List<String> rows = IntStream.range(0, 2 * size.bits)
                .mapToObj(i -> (i < size.bits ? "true bit " : "said bit ") + (1 + i % size.bits))
                .toList();
        page.section(
                        "Where it writes and reads",
                        line(
                                "A sequence of %d vectors, longer than those learned from, of whose %d bits the "
                                        + "machine has %d right. In the first half of "
                                        + "the steps it takes vectors in, in the second half it answers. A row is "
                                        + "a slot of the memory that a head ever "
                                        + "looks at, and a column is a step.",
                                length, vectors.length, right))
                .picture(
                        "write.png",
                        "Weights of the writing head on each slot, by step",
                        () -> Plots.heatMap(
                                "Writing head: weight on each slot, by step", slots, steps, rows(heads[0], used)))
                .picture(
                        "read.png",
                        "Weights of the reading head on each slot, by step",
                        () -> Plots.heatMap(
                                "Reading head: weight on each slot, by step", slots, steps, rows(heads[1], used)))
                .picture(
                        "answer.png",
                        "The true bits, and those that the machine says",
                        () -> Plots.heatMap(
                                "True bits, and what the machine says", rows, steps.subList(0, length), answered));
    }

    private static float largest(float[] values) {
        float most = 0;
        for (float v : values) {
            most = Math.max(most, v);
        }
        return most;
    }

    private static float[][] rows(float[][] all, int[] some) {
        return IntStream.of(some).mapToObj(i -> all[i]).toArray(float[][]::new);
    }
}
