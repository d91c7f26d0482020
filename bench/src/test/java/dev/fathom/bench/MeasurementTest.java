package dev.fathom.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.fathom.bench.Row.Bar;
import dev.fathom.bench.Row.Limit;
import dev.fathom.bench.Row.Unit;
import dev.fathom.kernel.Isa;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class MeasurementTest {
    private static final double NO = Double.NaN;

    private static Measurement result(
            String name, double value, String unit, double theirs, double ratio, double error, double peak, Bar bar) {
        return new Measurement(
                name, 2, value, unit, "peer", theirs, ratio, peak, error, value / 50, bar, "", List.of(), "");
    }

    @Test
    void verdicts() {
        Bar ratio = Bar.atLeast(0.97, 1.05);
        assertThat(List.of(
                        ratio.verdict(1, 0.96, 0.5),
                        ratio.verdict(1, 0.97, 0.5),
                        ratio.verdict(1, 1.05, 0.5),
                        ratio.verdict(1, NO, 0.5)))
                .containsExactly("MISSED", "ok", "goal", "");
        assertThat(List.of(Bar.atMost(30).verdict(30, NO, NO), Bar.atMost(0).verdict(0.001, NO, NO)))
                .containsExactly("ok", "MISSED");
        assertThat(Measurement.failed("x", 1, "ms", ratio, "why").verdict()).isEqualTo("FAILED");
        assertThat(Measurement.failed("x", 1, "ms", ratio, "why").met()).isFalse();
    }

    @Test
    void aRowAtTheMachinesBoundIsMet() {
        Bar bar = Bar.atLeast(1, 1.2);
        assertThat(List.of(
                        bar.verdict(1, 0.9, 0.949),
                        bar.verdict(1, 0.9, 0.95),
                        bar.verdict(1, 0.9, NO),
                        bar.verdict(1, 1.0, 0.99)))
                .containsExactly("MISSED", "bound", "MISSED", "ok");
        assertThat(bar.unbounded().verdict(1, 0.9, 1.2)).isEqualTo("MISSED");
        assertThat(Bar.atMost(30).verdict(31, NO, 1)).isEqualTo("MISSED");
    }

    @Test
    void aFigureMayBeLargerWhereARatioWillDo() {
        Bar bar = Bar.atMost(10).or(1.5);
        assertThat(List.of(
                        bar.verdict(10, 0.1, NO),
                        bar.verdict(11, 1.5, NO),
                        bar.verdict(11, 1.49, NO),
                        bar.verdict(11, NO, NO)))
                .containsExactly("ok", "ok", "MISSED", "MISSED");
        assertThat(bar.text()).isEqualTo("<= 10 or ratio >= 1.5");
        assertThat(Bar.atMost(10).text()).isEqualTo("<= 10");
    }

    @Test
    void theLeastCountOfAPeerIsThePeers() {
        Measurement r =
                Measurement.counted("size", List.of(count("fathom", 2), count("a", 8), count("b", 4)), "MB", Bar.NONE);
        assertThat(r.value()).isEqualTo(2);
        assertThat(r.peer()).isEqualTo("b");
        assertThat(r.ratio()).isEqualTo(2);
        assertThat(r.contenders()).extracting(Measurement.Figure::ratio).containsExactly(4.0, 2.0);
        assertThat(Measurement.counted("bytes", List.of(count("fathom", 0), count("a", 8)), "B", Bar.NONE)
                        .ratio())
                .isNaN();
        assertThat(Measurement.counted("bytes", List.of(count("fathom", 0)), "B", Bar.NONE)
                        .peer())
                .isEmpty();
    }

    private static Measurement.Figure count(String name, double value) {
        return new Measurement.Figure(name, value, NO, 0);
    }

    @Test
    void aShareOfTheBoundMayBeAskedToo() {
        Bar bar = Bar.atLeast(1.2, 2).withShare(0.8);
        assertThat(List.of(
                        bar.verdict(1, 3, 0.79),
                        bar.verdict(1, 3, NO),
                        bar.verdict(1, 1.1, 0.8),
                        bar.verdict(1, 1.2, 0.8),
                        bar.verdict(1, 2, 0.8),
                        bar.verdict(1, 1.1, 0.96)))
                .containsExactly("MISSED", "MISSED", "MISSED", "ok", "goal", "bound");
        assertThat(bar.onNarrower(1.1).share()).isEqualTo(0.8);
        assertThat(bar.text()).isEqualTo(">= 1.2, 2.0 and 80 %");
    }

    @Test
    void aShareOfTheBoundMayBeAllThatIsAsked() {
        Bar bar = Bar.share(0.8);
        assertThat(List.of(bar.verdict(1, NO, 0.79), bar.verdict(1, NO, 0.8), bar.verdict(1, NO, NO)))
                .containsExactly("MISSED", "ok", "MISSED");
        assertThat(bar.text()).isEqualTo(">= 80 %");
    }

    @Test
    void aGoalMayBeATime() {
        Bar bar = Bar.atLeast(1 / 1.5, 1 / 1.5).within(800);
        assertThat(List.of(bar.verdict(700, 0.5, NO), bar.verdict(900, 2, NO), bar.verdict(800, 0.7, NO)))
                .containsExactly("MISSED", "ok", "goal");
        assertThat(bar.text()).isEqualTo(">= 0.67, <= 800");
    }

    @Test
    void narrowerKernelsHaveARatioOfTheirOwn() {
        Bar bar = Bar.atLeast(3, 4.5);
        assertThat(bar.on(Isa.V4, 2)).isEqualTo(bar);
        assertThat(bar.on(Isa.V3, 2).verdict(1, 2.5, NO)).isEqualTo("ok");
        assertThat(bar.on(Isa.V3, 2).text()).isEqualTo(">= 2.0, 4.5");
        assertThat(bar.on(Isa.BASELINE, 2).verdict(1, 1.9, NO)).isEqualTo("MISSED");
    }

    @Test
    void theMachineIsABoundWhereOperationsCannotBeSaved() {
        assertThat(Row.all().stream().filter(row -> row.bar().bound()).map(Row::name))
                .contains("add", "gemm-512", "conv-1x1-fwd", "conv-depthwise-data", "mobilenetv2-infer-b1")
                .doesNotContain("conv-64to64at56-weights", "resnet18-infer-b1", "vgg16-infer-b1", "cifar-train-b128");
        assertThat(Row.means()).noneMatch(mean -> mean.bar().bound());
    }

    @Test
    void everyContenderIsKept() {
        Duel duel = new Duel(new double[][] {{100, 100}, {100, 120}})
                .against("fast", new double[][] {{150, 150}, {150, 150}})
                .against("slow", new double[][] {{300, 300}, {300, 300}});
        Measurement r = Measurement.of("x", 2, ns -> 1000 / ns, "GB/s", duel, 0.5, Bar.NONE);
        assertThat(r.contenders()).extracting(Measurement.Figure::name).containsExactly("fast", "slow");
        assertThat(r.peer()).isEqualTo("fast");
        assertThat(r.ratio()).isEqualTo(r.contenders().get(0).ratio());
        assertThat(r.contenders().get(1).ratio()).isEqualTo(2 * r.ratio(), within(1e-12));
        assertThat(r.contenders().get(1).value()).isEqualTo(1000 / 300.0);
        assertThat(r.valueError()).isEqualTo(r.value() * 5 / 105, within(1e-12)); // half of 110 - 100, of 105
        Measurement less = r.without(List.of("broken"));
        assertThat(less.contenders()).hasSize(3).startsWith(r.contenders().toArray(Measurement.Figure[]::new));
        assertThat(less.contenders().get(2))
                .isEqualTo(new Measurement.Figure("broken", Double.NaN, Double.NaN, Double.NaN));
        assertThat(less.ratio()).isEqualTo(r.ratio());
    }

    @Test
    void tableIsAlignedAndNamesFailures() {
        String table = Measurement.table(List.of(
                result("add", 150, "GB/s", 100, 1.5, 0.02, 0.8, Bar.atLeast(1, 1)),
                Measurement.failed("gelu", 2, "GB/s", Bar.atLeast(0.9, 1), "torch: no")));
        String[] lines = table.split("\n");
        assertThat(lines).hasSize(3);
        assertThat(lines[1])
                .startsWith("add ")
                .contains("150 GB/s", "1.50 +- 0.02", "80%")
                .endsWith("goal");
        assertThat(lines[2]).endsWith("FAILED: torch: no");
        assertThat(lines[1].indexOf(">=")).isEqualTo(lines[2].indexOf(">="));
    }

    @Test
    void figuresOfUnits() {
        assertThat(Unit.GFLOPS.of(1e6, 2e8)).isEqualTo(200);
        assertThat(Unit.MS.of(5e5, 2e8)).isEqualTo(0.5);
        assertThat(Unit.US.of(5e5, 2e8)).isEqualTo(500);
    }

    @Test
    void meansAreGeometricAndNeedEveryRow() {
        Row.Mean mean = new Row.Mean("conv-mean-fwd", Bar.atLeast(1, 1.1), List.of("a", "b"));
        List<Measurement> results = new ArrayList<>();
        results.add(result("a", 100, "GFLOP/s", 400, 0.25, 0.01, 0.2, Bar.NONE));
        Measurement.mean(mean, results);
        assertThat(results).hasSize(1);
        results.add(result("b", 400, "GFLOP/s", 100, 4, 0.12, 0.8, Bar.NONE));
        Measurement.mean(mean, results);
        Measurement r = results.get(2);
        assertThat(List.of(r.value(), r.peerValue(), r.ratio(), r.peakFraction()))
                .usingElementComparator(Comparator.comparingDouble(v -> Math.rint(1e9 * v)))
                .containsExactly(200.0, 200.0, 1.0, 0.4);
        assertThat(r.error()).isEqualTo(Math.hypot(0.04, 0.03) / 2, within(1e-12));
        assertThat(r.valueError()).isEqualTo(200 * Math.hypot(0.02, 0.02) / 2, within(1e-12));
        assertThat(r.contenders()).containsExactly(new Measurement.Figure("peer", r.peerValue(), r.ratio(), r.error()));
        assertThat(r.verdict()).isEqualTo("ok");
        assertThat(mean.has("a", 2)).isTrue();
        assertThat(mean.has("a", 1)).isFalse();
    }

    @Test
    void aMeanCanCountRowsAsNetworksHaveThem() {
        Row.Mean mean = new Row.Mean("m", Bar.NONE, Map.of("a", 0.25, "b", 0.75));
        List<Measurement> results = new ArrayList<>();
        results.add(result("a", 16, "GFLOP/s", 1, 16, 0.64, 0.5, Bar.NONE));
        results.add(result("b", 1, "GFLOP/s", 1, 1, 0.04, 0.5, Bar.NONE));
        assertThat(Measurement.mean(mean, results)).isTrue();
        assertThat(results.get(2).ratio()).isEqualTo(2, within(1e-12));
        assertThat(results.get(2).error()).isEqualTo(2 * Math.hypot(0.25 * 0.04, 0.75 * 0.04), within(1e-12));
    }

    @Test
    void layersStandForThoseOfANetworkThatTheyAreNearestTo() {
        Map<String, Double> resnet = ConvCase.shares(Network.of("resnet18"), ConvCase.Direction.FWD);
        assertThat(resnet.values().stream().mapToDouble(share -> share).sum()).isEqualTo(1, within(1e-12));
        assertThat(resnet)
                .containsKeys("stem", "64to64at56", "64to128at56-s2")
                .doesNotContainKeys("depthwise", "lenet2");
        assertThat(ConvCase.shares(Network.of("resnet18"), ConvCase.Direction.DATA))
                .doesNotContainKey("stem");
        Map<String, Double> mobile = ConvCase.shares(Network.of("mobilenetv2"), ConvCase.Direction.FWD);
        assertThat(mobile)
                .containsKeys("depthwise", "depthwise-s2", "1x1-24to144at56")
                .doesNotContainKey("lenet2");
        assertThat(Row.means())
                .allSatisfy(mean -> assertThat(mean.weights().values().stream()
                                .mapToDouble(w -> w)
                                .sum())
                        .isEqualTo(1, within(1e-9)));
    }

    @Test
    void nothingAskedIsNoVerdict() {
        assertThat(Bar.NONE.verdict(1, 0.1, 0.1) + Bar.NONE.text()).isEmpty();
    }

    @Test
    void filterIsByPrefix() {
        assertThat(Main.matches("gemm-512", List.of())).isTrue();
        assertThat(Main.matches("gemm-512", List.of("mlp", "gemm"))).isTrue();
        assertThat(Main.matches("gemm-512", List.of("512"))).isFalse();
    }

    @Test
    void theProbesBestRunCounts() {
        Map<Limit, double[]> limits = new HashMap<>();
        for (String line :
                List.of("fma 0 1 110.5", "fma 0 2 230", "scale 1000000 1 90", "fma 0 1 117", "fma 0 2 225")) {
            Probe.add(limits, line);
        }
        assertThat(limits.get(Limit.FMA)).containsExactly(117, 230);
        assertThat(limits).hasSize(2);
    }

    @Test
    void everyRowIsThere() {
        assertThat(Row.all())
                .extracting(row -> row.name() + " " + row.threads())
                .contains(
                        "gemm-512 1",
                        "gemm-512 2",
                        "gemm-1024 1",
                        "gemm-1024 2",
                        "linear-128x784x256 2",
                        "mlp-train-b128 2",
                        "mlp-train-b32 2",
                        "quickstart-train 2",
                        "freeze-vgg16 2",
                        "mlp-latency-b1 1",
                        "mlp-latency-b1-bf16 1",
                        "gpt-generate-bf16 2",
                        "conv-lenet1-fwd 2",
                        "conv-lenet2-data 2",
                        "conv-depthwise-weights 2",
                        "lenet-train-b64 2",
                        "cifar-train-b128 2",
                        "resnet18-train-b16 2",
                        "lenet-latency-b1 1",
                        "resnet18-infer-b1 2",
                        "resnet50-infer-b1 2",
                        "lstm-32x500-train 2",
                        "lstm-256x100-train 2",
                        "gru-256x100-train 2",
                        "bilstm-packed-train 2",
                        "lstm-cell-32-fwd 2",
                        "lstm-cell-256-bwd 2",
                        "gru-cell-32-bwd 2",
                        "gru-cell-256-fwd 2",
                        "lstm-latency-b1 1",
                        "embedding-10000x32-lazy 2",
                        "embedding-1000000x64-dense 2",
                        "unary-relu 2",
                        "unary-exp 2",
                        "unary-tanh 2",
                        "unary-sigmoid 2",
                        "unary-gelu 2",
                        "add 2",
                        "add-16M 2",
                        "exp-16M 2",
                        "softmax-128x1000 2")
                .doesNotHaveDuplicates();
        List<String> names = Row.all().stream().map(Row::name).toList();
        // nineteen layers, of which three see the image, and a transform of filters
        assertThat(names.stream().filter(name -> name.startsWith("conv-"))).hasSize(19 + 16 + 19 + 1);
        assertThat(Row.means().get(0).rows()).hasSize(19).isSubsetOf(names);
    }
}
