package dev.fathom.labs.catalogue;

import dev.fathom.optim.Schedule;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/** The page of schedules. */
final class Schedules {
    private static final int EPOCHS = 30;
    private static final int STEPS_OF_AN_EPOCH = 20;

    private Schedules() {}

    static CataloguePage family() {
        return new CataloguePage(
                "schedules",
                "Schedules",
                "A schedule is the factor of the learning rate as a pure function of the epochs e that are "
                        + "finished, with fractions, and of the steps t "
                        + "that the optimizer has taken. Schedules multiply (`times`), follow each other (`then`) "
                        + "and begin with a warm-up. Those that "
                        + "depend on results, `Newbob` and `ReduceOnPlateau`, are callbacks of a trainer. The "
                        + "pictures show the factor over 30 epochs of 20 "
                        + "steps.",
                "Schedule",
                "",
                "System.out.println(one_cycle.factor(9, 180));\n",
                entries());
    }

    private static CatalogueEntry row(
            String name, String code, Schedule schedule, String formula, String range, String source) {
        double[] epochs = IntStream.range(0, EPOCHS * STEPS_OF_AN_EPOCH + 1)
                .mapToDouble(step -> (double) step / STEPS_OF_AN_EPOCH)
                .toArray();
        double[] factors = IntStream.range(0, epochs.length)
                .mapToDouble(step -> schedule.factor(epochs[step], step))
                .toArray();
        Curve curve = new Curve(name, "epochs", Map.of("factor", new double[][] {epochs, factors}));
        return new CatalogueEntry(name, code, formula, range, source, curve);
    }

    private static List<CatalogueEntry> entries() {
        return List.of(
                row("Constant", "Schedule.constant()", Schedule.constant(), "1", "", ""),
                row(
                        "Step",
                        "Schedule.step(10, 0.3)",
                        Schedule.step(10, 0.3),
                        "γ^⌊e / every⌋",
                        "every, γ > 0",
                        "PyTorch's StepLR"),
                row(
                        "Exponential",
                        "Schedule.exponential(0.9)",
                        Schedule.exponential(0.9),
                        "γ^e",
                        "γ > 0",
                        "PyTorch's ExponentialLR"),
                row(
                        "Exponential after a hold",
                        "Schedule.constant().then(10, Schedule.exponential(0.9))",
                        Schedule.constant().then(10, Schedule.exponential(0.9)),
                        "1 for e < hold, then γ^(e - hold)",
                        "γ > 0",
                        "PyTorch's SequentialLR"),
                row(
                        "Polynomial",
                        "Schedule.polynomial(30, 2)",
                        Schedule.polynomial(30, 2),
                        "(1 - e / length)^power",
                        "length, power > 0",
                        "PyTorch's PolynomialLR"),
                row(
                        "Ramp",
                        "Schedule.ramp(20, 1, 0.2, Schedule.Ramp.LINEAR)",
                        Schedule.ramp(20, 1, 0.2, Schedule.Ramp.LINEAR),
                        "from one factor to another, on a line or half a wave",
                        "factors ≥ 0",
                        "PyTorch's LinearLR"),
                row(
                        "Inverse square root",
                        "Schedule.inverseSquareRoot(100)",
                        Schedule.inverseSquareRoot(100),
                        "min((t + 1) / warmUp, √(warmUp / (t + 1)))",
                        "warmUp ≥ 1 step",
                        "Vaswani et al. 2017"),
                row(
                        "Cosine",
                        "Schedule.cosine(30)",
                        Schedule.cosine(30),
                        "min + (1 - min) (1 + cos(π e / period)) / 2",
                        "min in [0, 1]",
                        "Loshchilov and Hutter 2017"),
                row(
                        "Cosine with restarts",
                        "Schedule.cosineRestarts(5, 1.5, 0)",
                        Schedule.cosineRestarts(5, 1.5, 0),
                        "the cosine again and again, each period growth times as long",
                        "growth ≥ 1",
                        "Loshchilov and Hutter 2017"),
                row(
                        "One cycle",
                        "Schedule.oneCycle(30)",
                        Schedule.oneCycle(30),
                        "up to 1 for 0.3 of the length, then down below where it began",
                        "rise in (0, 1)",
                        "Smith and Topin 2018"),
                row(
                        "Triangular",
                        "Schedule.triangular(5, 0.1)",
                        Schedule.triangular(5, 0.1),
                        "up and down on lines between min and 1",
                        "min in [0, 1]",
                        "Smith 2017"),
                row(
                        "Triangular that halves",
                        "Schedule.triangular(5, 5, 0.1, Schedule.step(10, 0.5))",
                        Schedule.triangular(5, 5, 0.1, Schedule.step(10, 0.5)),
                        "triangles whose height is a schedule of its own",
                        "min in [0, 1]",
                        "Smith 2017"),
                row(
                        "Warm-up",
                        "Schedule.cosine(25).warmUp(5)",
                        Schedule.cosine(25).warmUp(5),
                        "a line up to the first factor of a schedule, which then begins",
                        "length > 0",
                        "Goyal et al. 2017"),
                row(
                        "Linear scaling",
                        "Schedule.step(10, 0.1).times(Schedule.linearScaling(1024, 256)).warmUp(5, 0.25)",
                        Schedule.step(10, 0.1)
                                .times(Schedule.linearScaling(1024, 256))
                                .warmUp(5, 0.25),
                        "batch / reference, times a schedule",
                        "batch ≥ 1",
                        "Goyal et al. 2017"),
                row(
                        "In steps",
                        "Schedule.cosine(300).inSteps()",
                        Schedule.cosine(300).inSteps(),
                        "any schedule with t in the place of e",
                        "",
                        ""));
    }
}
