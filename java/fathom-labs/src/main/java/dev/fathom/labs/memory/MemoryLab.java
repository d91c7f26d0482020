package dev.fathom.labs.memory;

import static dev.fathom.labs.pages.Findings.line;

import dev.fathom.labs.experiments.LabRun;
import dev.fathom.labs.experiments.OldExperiment;
import dev.fathom.labs.memory.MemoryTraining.Trained;
import dev.fathom.labs.pages.Figure;
import dev.fathom.labs.pages.Findings;
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
 * How long recurrent networks remember: the adding and the copy problem (Hochreiter and Schmidhuber 1997, in the form
 * of Arjovsky et al. 2016) for four cells and sequences of up to 750 steps, and how gradients vanish and explode.
 */
public final class MemoryLab implements OldExperiment {
    private static final int[] LENGTHS = {50, 100, 250, 750};
    private static final int[] BRIEF = {20};
    /** The length of the sequences for which gradients are measured. */
    private static final int FLOW = 100;

    @Override
    public String name() {
        return "memory";
    }

    @Override
    public Findings run(LabRun run) {
        int[] lengths = run.brief() ? BRIEF : LENGTHS;
        int flow = run.of(FLOW, BRIEF[0]);
        MemoryTraining training = new MemoryTraining(run, 64, run.of(100, 50), run.of(1000, 500));
        Findings page = run.page("Lab memory", "Generated sequences of " + text(lengths) + " steps");
        about(page, training);
        MemoryGradients gradients = new MemoryGradients(run, page, flow);
        Map<String, double[]> before = new LinkedHashMap<>();
        Map<String, double[]> after = new LinkedHashMap<>();
        List<Trained> all = new ArrayList<>();
        boolean whole = true;
        for (MemoryTask task : MemoryTask.values()) {
            for (int length : lengths) {
                for (Cell cell : MemoryNet.CELLS) {
                    Trained trained = run.interrupt().requested()
                            ? null
                            : training.train(task, cell, length, model -> {
                                if (task == MemoryTask.ADDING && length == flow) {
                                    after.put(MemoryNet.name(cell), gradients.flow(model));
                                }
                            });
                    whole &= trained != null;
                    if (trained != null) {
                        all.add(trained);
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

    private static String text(int[] lengths) {
        return lengths.length == 1 ? Integer.toString(lengths[0]) : lengths[0] + " to " + lengths[lengths.length - 1];
    }

    private static void about(Findings page, MemoryTraining training) {
        page.section("The problems", "")
                .text("Adding: each of T steps has a number in [0, 1) and a mark. One number in each half is "
                        + "marked, and after the last step the network "
                        + "outputs the sum of these two. Copying: the network reads ten symbols out of "
                        + "eight, then T blanks, and then outputs the ten "
                        + "symbols in their order; a sequence has T + 20 steps. Both problems are of "
                        + "Hochreiter and Schmidhuber (1997), in the form of "
                        + "Arjovsky et al. (2016).")
                .text(line(
                        "No figures are published for these networks and budgets, so the page compares them with "
                                + "the loss of the best answer without "
                                + "memory, which is computed. For adding, that answer is always 1, with a mean "
                                + "squared error of 1/6 = %.4f (some papers "
                                + "print 0.1767). For copying, it guesses the ten symbols, with a cross-entropy "
                                + "of 10 ln 8 / (T + 20).",
                        MemoryTask.ADDING.baseline(1)))
                .text(line(
                        "Every network has %d units and the same budget at every length: up to %,d steps of Adam "
                                + "for adding and %,d for copying, with a "
                                + "learning rate of %s. Each step takes %d of the same %,d training sequences and "
                                + "clips the gradients to a norm of %.0f. "
                                + "After every %d steps the network is evaluated on 320 validation sequences; the "
                                + "weights with the lowest loss are kept, "
                                + "and training ends early once the problem is solved, at an accuracy of %.0f %%. "
                                + "LSTM, GRU and UGRNN use chrono "
                                + "initialization (Tallec and Ollivier 2018): the biases of the gates that keep "
                                + "the state start such that units remember "
                                + "for up to T steps. RNN, a tanh layer, has no gate. Cells with gates are "
                                + "expected to solve adding at every length, with a "
                                + "tenth of the loss without memory. Copying takes more steps than this budget "
                                + "has, so there the cells only begin to "
                                + "remember.",
                        training.hidden(),
                        training.epochs(MemoryTask.ADDING) * training.steps(),
                        training.epochs(MemoryTask.COPY) * training.steps(),
                        MemoryTraining.RATE,
                        MemoryTraining.BATCH,
                        training.steps() * MemoryTraining.BATCH,
                        MemoryTraining.CLIP,
                        training.steps(),
                        100 * MemoryTraining.SOLVED));
    }

    /** The table and the curves of a problem, as far as they are measured. */
    private static void results(Findings page, MemoryTask task, int[] lengths, List<Trained> all) {
        List<Trained> results = all.stream().filter(t -> t.task() == task).toList();
        if (results.isEmpty()) {
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
                        "test " + task.lossName(),
                        "without memory",
                        task.accuracyName()),
                results.stream().map(MemoryLab::row).toList());
        for (Trained t : results) {
            String name = line("%s, T = %d, %s, ", task.title(), t.length(), t.name());
            double baseline = task.baseline(t.length());
            Figure loss = Figure.of(name + task.lossName(), "", t.loss()).baseline(baseline, "without memory");
            page.figure(loss)
                    .figure(Figure.of(name + task.accuracyName(), "%", 100 * t.accuracy())
                            .baseline(100 * task.guessedAccuracy(), "without memory"));
        }
        List<String> places = Arrays.stream(lengths).mapToObj(Integer::toString).toList();
        Map<String, double[]> shares = new LinkedHashMap<>();
        for (Cell cell : MemoryNet.CELLS) {
            shares.put(
                    MemoryNet.name(cell),
                    Arrays.stream(lengths)
                            .mapToDouble(length -> accuracy(results, cell, length))
                            .toArray());
        }
        String prefix = task.name().toLowerCase(Locale.ROOT);
        if (lengths.length > 1) {
            page.picture(
                    prefix + "-accuracy.png",
                    task.title() + ": test accuracy over the length T",
                    () -> Plots.compare(task.title() + ", test accuracy", "T", places, shares));
        }
        for (int length : lengths) {
            Map<String, double[][]> curves = new LinkedHashMap<>();
            results.stream().filter(t -> t.length() == length).forEach(t -> curves.put(t.name(), t.curve()));
            if (!curves.isEmpty()) {
                double baseline = task.baseline(length);
                double end = curves.values().stream()
                        .mapToDouble(c -> c[0][c[0].length - 1])
                        .max()
                        .orElse(1);
                curves.put("without memory", new double[][] {{0, end}, {baseline, baseline}});
                page.series(
                        prefix + "-" + length + ".png",
                        line("%s, T = %d: validation loss over the steps", task.title(), length),
                        line("%s, T = %d, validation loss", task.title(), length),
                        "steps",
                        curves);
            }
        }
    }

    private static double accuracy(List<Trained> results, Cell cell, int length) {
        return results.stream()
                .filter(t -> t.cell() == cell && t.length() == length)
                .mapToDouble(Trained::accuracy)
                .findFirst()
                .orElse(Double.NaN);
    }

    private static List<String> row(Trained t) {
        return List.of(
                Integer.toString(t.length()),
                t.name(),
                line("%,d", t.parameters()),
                line("%.1f", t.milliseconds()),
                line("%,d%s", t.steps(), t.solved() ? ", solved" : ""),
                line("%.4f", t.loss()),
                line("%.4f", t.task().baseline(t.length())),
                line("%.1f %%", 100 * t.accuracy()));
    }
}
