package dev.fathom.optim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonStreamParser;
import dev.fathom.testing.Golden;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Schedules against PyTorch's rates, the textbook's numbers, and each other. */
class ScheduleTest {
    private static final JsonObject GOLDENS =
            new JsonStreamParser(Golden.text("schedules.json")).next().getAsJsonObject();
    private static final Map<String, Schedule> FORMS = new LinkedHashMap<>();

    static {
        FORMS.put("step", Schedule.step(7, 0.3));
        FORMS.put("exponential", Schedule.exponential(0.9));
        FORMS.put("polynomial", Schedule.polynomial(30, 2));
        FORMS.put("line", Schedule.ramp(12, 0.25, 0.75, Schedule.Ramp.LINEAR));
        FORMS.put("cosine", Schedule.cosine(50, 0.1));
        FORMS.put("restarts", Schedule.cosineRestarts(5, 1, 0.1));
        FORMS.put("restarts doubled", Schedule.cosineRestarts(4, 2, 0));
        double n = 41;
        FORMS.put(
                "one cycle",
                Schedule.oneCycle(n - 1, (0.3 * n - 1) / (n - 1), 1 / 25.0, 1 / 25e4, Schedule.Ramp.COSINE));
        FORMS.put(
                "one cycle of lines",
                Schedule.oneCycle(n - 1, (0.5 * n - 1) / (n - 1), 0.1, 0.001, Schedule.Ramp.LINEAR));
        FORMS.put("triangular", Schedule.triangular(6, 3, 0.1, Schedule.constant()));
        FORMS.put("triangular2", Schedule.triangular(5, 5, 0.1, Schedule.step(10, 0.5)));
        FORMS.put("triangular exponential", Schedule.triangular(5, 5, 0.1, Schedule.exponential(0.95)));
        FORMS.put(
                "chained",
                Schedule.ramp(5, 0.1, 1, Schedule.Ramp.LINEAR)
                        .then(5, Schedule.exponential(0.9).then(10, Schedule.cosine(20))));
    }

    private static Stream<String> forms() {
        return FORMS.keySet().stream();
    }

    /** PyTorch's step is an epoch or a step of ours. */
    @ParameterizedTest
    @MethodSource("forms")
    void asPyTorchHasIt(String form) {
        double[] rates = GOLDENS.get(form).getAsJsonArray().asList().stream()
                .mapToDouble(JsonElement::getAsDouble)
                .toArray();
        // the last but one of PyTorch's chained schedules falls to exactly 0 and then rises again
        int n = form.equals("chained") ? 36 : rates.length;
        for (int i = 0; i < n; i++) {
            assertThat(FORMS.get(form).factor(i, 3L * i)).as(form + " " + i).isCloseTo(rates[i], within(1e-9));
            assertThat(FORMS.get(form).inSteps().factor(i / 7.0, i))
                    .as(form + " in steps " + i)
                    .isCloseTo(rates[i], within(1e-9));
        }
    }

    /** Base rate 0.1 and decay rate 0.1: .1 .0904837 .0818731 .0740818. */
    @Test
    void theTextbooksExponential() {
        double[] expected = {0.1, 0.0904837, 0.0818731, 0.0740818};
        for (int epoch = 0; epoch < 4; epoch++) {
            assertThat(0.1 * Schedule.exponential(Math.exp(-0.1)).factor(epoch, 0))
                    .isCloseTo(expected[epoch], within(5e-8));
        }
    }

    /** The formula of "Attention is all you need": width^-0.5 min(t^-0.5, t warmUp^-1.5) with t from 1. */
    @Test
    void theTransformersInverseSquareRoot() {
        Schedule s = Schedule.inverseSquareRoot(4000);
        for (int t : new int[] {1, 100, 3999, 4000, 4001, 100_000}) {
            double paper = Math.pow(512, -0.5) * Math.min(Math.pow(t, -0.5), t * Math.pow(4000, -1.5));
            assertThat(s.factor(1e9, t - 1) / Math.sqrt(512.0 * 4000)).isCloseTo(paper, within(1e-15));
        }
    }

    @Test
    void aDecayMayBeginAfterAHold() {
        Schedule held = Schedule.constant().then(10, Schedule.exponential(0.5));
        assertThat(held.factor(9.99, 0)).isEqualTo(1);
        assertThat(held.factor(10, 0)).isEqualTo(1);
        assertThat(held.factor(12, 0)).isEqualTo(0.25);
    }

    /** What follows counts its steps from its own beginning. */
    @Test
    void chainedSchedulesCountFromTheirBeginning() {
        Schedule chained = Schedule.constant().then(2, (epochs, steps) -> 100 * epochs + steps);
        assertThat(chained.factor(2, 14)).isEqualTo(0);
        assertThat(chained.factor(3, 21)).isEqualTo(107);
        assertThat(Schedule.constant()
                        .then(3, (epochs, steps) -> 100 * epochs + steps)
                        .inSteps()
                        .factor(0.7, 5))
                .isEqualTo(202);
    }

    /** Goyal et al. 2017: batches of 8,192 have 32 times the rate, after five epochs that begin at the rate itself. */
    @Test
    void largeBatchesHaveLargerRates() {
        Schedule s =
                Schedule.step(30, 0.1).times(Schedule.linearScaling(8192, 256)).warmUp(5, 1 / 32.0);
        assertThat(s.factor(0, 0)).isEqualTo(1);
        assertThat(s.factor(5, 0)).isEqualTo(32);
        assertThat(s.factor(35, 0)).isCloseTo(3.2, within(1e-12));
    }

    @Test
    void itsHighestRateIsInThePeak() {
        Schedule cycle = Schedule.oneCycle(10);
        assertThat(cycle.factor(0, 0)).isCloseTo(0.04, within(1e-12));
        assertThat(cycle.factor(3, 0)).isEqualTo(1);
        assertThat(cycle.factor(10, 0)).isCloseTo(4e-6, within(1e-12));
        assertThat(cycle.factor(99, 0)).as("it stays at its end").isCloseTo(4e-6, within(1e-12));
        assertThat(Schedule.triangular(4, 0.25).factor(14, 0)).isCloseTo(0.625, within(1e-12));
        assertThat(Schedule.cosineRestarts(3).factor(6, 0)).isEqualTo(1);
    }

    @Test
    void numbersWithoutSenseAreRefused() {
        refused(() -> Schedule.exponential(0), "exponential: gamma=0.0 must be above 0 and finite");
        refused(() -> Schedule.polynomial(Double.NaN, 1), "polynomial: length=NaN must be above 0 and finite");
        refused(() -> Schedule.polynomial(1, -1), "polynomial: power=-1.0 must be above 0 and finite");
        refused(() -> Schedule.ramp(1, -1, 1, Schedule.Ramp.COSINE), "ramp: from=-1.0 must be 0 or more and finite");
        refused(
                () -> Schedule.ramp(1, 1, Double.NaN, Schedule.Ramp.COSINE),
                "ramp: to=NaN must be 0 or more and finite");
        refused(() -> Schedule.inverseSquareRoot(0), "inverseSquareRoot: warmUp=0 must be at least 1");
        refused(() -> Schedule.cosineRestarts(-2), "cosineRestarts: period=-2.0 must be above 0 and finite");
        refused(() -> Schedule.cosineRestarts(2, 0.5, 0), "cosineRestarts: growth=0.5 must be in [1, Infinity)");
        refused(() -> Schedule.oneCycle(1, 1, 0, 0, Schedule.Ramp.LINEAR), "oneCycle: rise=1.0 must be in (0, 1)");
        refused(() -> Schedule.oneCycle(1, 0.5, 2, 0, Schedule.Ramp.LINEAR), "oneCycle: from=2.0 must be in [0, 1]");
        refused(() -> Schedule.triangular(0, 0.1), "triangular: rise=0.0 must be above 0 and finite");
        refused(() -> Schedule.triangular(1, -0.1), "triangular: min=-0.1 must be in [0, 1]");
        refused(() -> Schedule.linearScaling(0, 256), "linearScaling: batch=0 must be at least 1");
        refused(() -> Schedule.constant().then(0, Schedule.constant()), "then: length=0.0 must be above 0 and finite");
    }

    private static void refused(Runnable make, String message) {
        assertThatThrownBy(make::run)
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("Schedule." + message);
    }
}
