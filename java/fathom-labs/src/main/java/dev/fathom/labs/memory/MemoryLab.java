package dev.fathom.labs.memory;

import static dev.fathom.labs.pages.Result.line;

import dev.fathom.labs.experiments.Experiment;
import dev.fathom.labs.experiments.Run;
import dev.fathom.labs.memory.MemoryTraining.Learned;
import dev.fathom.labs.pages.Figure;
import dev.fathom.labs.pages.Result;
import dev.fathom.nn.Model;
import dev.fathom.op.Cell;
import dev.fathom.view.Plots;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * How long a recurrent net remembers: the adding and the copy problem (Hochreiter and Schmidhuber 1997, in the form of Arjovsky et al. 2016) for four cells
 * and sequences of up to 750 steps; and the gradients that vanish or explode on their way back.
 */
public final class MemoryLab implements Experiment {
    private static final int[] LENGTHS = {50, 100, 250, 750};
    private static final int[] BRIEF = {20};
    /** The length for which gradients are measured. */
    private static final int FLOW = 100;

    @Override
    public String name() {
        return "memory";
    }

    @Override
    public String shows() {
        return "how long RNN, LSTM, GRU and UGRNN remember: adding and copying over 50 to 750 steps, and how gradients vanish";
    }

    @Override
    public Result run(Run run) {
        int[] lengths = run.brief() ? BRIEF : LENGTHS;
        int flow = run.of(FLOW, BRIEF[0]);
        MemoryTraining training = new MemoryTraining(run, 64, run.of(100, 50), run.of(1000, 500));
        Result page = new Result("Lab memory", "generated sequences of " + words(lengths) + " steps", run.out());
        about(page, training);
        MemoryGradients gradients = new MemoryGradients(run, page, flow);
        Map<String, double[]> before = new LinkedHashMap<>();
        Map<String, double[]> after = new LinkedHashMap<>();
        List<Learned> all = new ArrayList<>();
        boolean whole = true;
        for (MemoryTask task : MemoryTask.values()) {
            for (int length : lengths) {
                for (Cell cell : MemoryNet.CELLS) {
                    Learned learned = run.interrupt().requested()
                            ? null
                            : training.teach(task, cell, length, model -> {
                                if (task == MemoryTask.ADDING && length == flow) {
                                    after.put(MemoryNet.name(cell), gradients.flow(model));
                                }
                            });
                    whole &= learned != null;
                    if (learned != null) {
                        all.add(learned);
                    }
                }
            }
            results(page, task, lengths, all);
        }
        if (!whole || run.interrupt().requested()) {
            return page;
        }
        for (Cell cell : MemoryNet.CELLS) {
            try (Model<MemoryNet> model = training.model(MemoryTask.ADDING, cell, flow)) {
                before.put(MemoryNet.name(cell), gradients.flow(model));
            }
        }
        gradients.flows(before, after);
        gradients.products();
        gradients.clipping();
        return run.interrupt().requested() ? page : page.finished();
    }

    private static String words(int[] lengths) {
        return lengths.length == 1 ? Integer.toString(lengths[0]) : lengths[0] + " to " + lengths[lengths.length - 1];
    }

    private static void about(Result page, MemoryTraining training) {
        page.section("The problems", "")
                .text(
                        "Adding: each of T steps has a number in [0, 1) and a mark; one number in each half is marked, and after the last step the sum of these two is to "
                                + "be said. Copying: ten symbols out of eight are read, then T blanks, then the ten are to be said in their order, T + 20 steps "
                                + "in all. Both are of Hochreiter and Schmidhuber (1997), in the form of Arjovsky et al. (2016).")
                .text(line(
                        "No figures are published for these nets and budgets, so they stand beside what an answer without memory reaches, which is computed: always "
                                + "answering 1 has the mean squared error 1/6 = %.4f (some papers print .1767), and guessing the ten symbols has the "
                                + "cross-entropy 10 ln 8 / (T + 20).",
                        MemoryTask.ADDING.baseline(1)))
                .text(line(
                        "Every net has %d units and the same budget at every length: %,d steps of Adam for adding and %,d for copying (rate %s), each with %d of the same %,d sequences, gradients clipped to "
                                + "norm %.0f, less where the problem was solved before (%.0f %% right answers on 320 sequences held out, which also choose the epoch that is kept). "
                                + "The biases of the gates of LSTM, GRU and UGRNN that keep the state begin such that units remember for 1 to T steps (Tallec "
                                + "and Ollivier 2018); RNN has no gate.",
                        training.hidden(),
                        training.epochs(MemoryTask.ADDING) * training.steps(),
                        training.epochs(MemoryTask.COPY) * training.steps(),
                        MemoryTraining.RATE,
                        MemoryTraining.BATCH,
                        training.steps() * MemoryTraining.BATCH,
                        MemoryTraining.CLIP,
                        100 * MemoryTraining.SOLVED));
    }

    /** The table, the curves of each length and what became of the longest memory, as far as they were measured. */
    private static void results(Result page, MemoryTask task, int[] lengths, List<Learned> all) {
        List<Learned> own = all.stream().filter(l -> l.task() == task).toList();
        if (own.isEmpty()) {
            return;
        }
        page.section(task.title(), "");
        page.table(
                List.of(
                        "T",
                        "cell",
                        "parameters",
                        "ms a step",
                        "steps",
                        "test " + task.measure(),
                        "without memory",
                        task.rightness()),
                own.stream().map(MemoryLab::row).toList());
        for (Learned l : own) {
            Figure loss = Figure.of(
                            line("%s, T = %d, %s, %s", task.title(), l.length(), l.name(), task.measure()),
                            "",
                            l.loss())
                    .published(line("%.4f", task.baseline(l.length())), "computed: without memory");
            page.figure(loss);
        }
        List<String> places = Arrays.stream(lengths).mapToObj(Integer::toString).toList();
        Map<String, double[]> shares = new LinkedHashMap<>();
        for (Cell cell : MemoryNet.CELLS) {
            shares.put(
                    MemoryNet.name(cell),
                    Arrays.stream(lengths)
                            .mapToDouble(length -> accuracy(own, cell, length))
                            .toArray());
        }
        String prefix = task.name().toLowerCase(Locale.ROOT);
        if (lengths.length > 1) {
            page.picture(
                    prefix + "-accuracy.png",
                    task.title() + ": the share of answers that are right, over the length",
                    () -> Plots.compare(task.title() + ", test accuracy", "T", places, shares));
        }
        for (int length : lengths) {
            Map<String, double[][]> curves = new LinkedHashMap<>();
            own.stream().filter(l -> l.length() == length).forEach(l -> curves.put(l.name(), l.curve()));
            if (!curves.isEmpty()) {
                double base = task.baseline(length);
                double end = curves.values().stream()
                        .mapToDouble(c -> c[0][c[0].length - 1])
                        .max()
                        .orElse(1);
                curves.put("without memory", new double[][] {{0, end}, {base, base}});
                page.series(
                        prefix + "-" + length + ".png",
                        line("%s, T = %d: the loss held out, over the steps", task.title(), length),
                        line("%s, T = %d, loss held out", task.title(), length),
                        "steps",
                        curves);
            }
        }
    }

    private static double accuracy(List<Learned> own, Cell cell, int length) {
        return own.stream()
                .filter(l -> l.cell() == cell && l.length() == length)
                .mapToDouble(Learned::accuracy)
                .findFirst()
                .orElse(Double.NaN);
    }

    private static List<String> row(Learned l) {
        return List.of(
                Integer.toString(l.length()),
                l.name(),
                line("%,d", l.parameters()),
                line("%.1f", l.milliseconds()),
                line("%,d%s", l.steps(), l.solved() ? ", solved" : ""),
                line("%.4f", l.loss()),
                line("%.4f", l.task().baseline(l.length())),
                line("%.1f %%", 100 * l.accuracy()));
    }
}
