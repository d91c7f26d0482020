package dev.fathom.labs.autocts;

import dev.fathom.experiments.Experiment;
import dev.fathom.experiments.Lab;
import dev.fathom.experiments.data.DataSet;
import dev.fathom.experiments.data.RoadTraffic;
import dev.fathom.labs.autocts.CellGraph.Edge;
import dev.fathom.labs.series.ForecastTask;
import dev.fathom.nn.Input;
import dev.fathom.view.Diagram;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Architecture search for forecasts of correlated series: the differentiable supernet of AutoCTS, and the joint search
 * of architecture and hyperparameters of AutoCTS+, whose comparator learns from trained networks which of two is
 * better.
 */
public final class AutoCtsLab implements Experiment {
    private static final int ALL = Integer.MAX_VALUE;

    @Override
    public String name() {
        return "autocts";
    }

    @Override
    public Optional<Diagram> net() {
        List<Edge> edges = List.of(
                new Edge(0, Operator.CONVOLUTION),
                new Edge(1, Operator.TIME),
                new Edge(0, Operator.CONVOLUTION),
                new Edge(2, Operator.DIFFUSION),
                new Edge(1, Operator.CONVOLUTION),
                new Edge(3, Operator.SPACE),
                new Edge(2, Operator.TIME));
        return Experiment.drawn(
                "A block with each operator that learns",
                SearchedNet.Block.of(new CellGraph(edges), 16, 1, true, 0),
                (block, in) -> block.apply(in[0], List.of(in[1])),
                Input.floats(1, 20, 12, 16),
                Input.floats(20, 20));
    }

    @Override
    public List<DataSet> reads() {
        return List.of(RoadTraffic.SET, Measured.DATA);
    }

    @Override
    public void run(Lab lab) {
        int rows = lab.of(ALL, 600);
        ForecastTask traffic = ForecastTask.traffic(lab.data(), rows, lab.of(20, 6));
        List<Measured> clean = mixed(Measured.clean(lab.data()).stream(), lab.of(ALL, 60), lab.seed());
        Set<Candidate> held = clean.stream().map(Measured::candidate).collect(Collectors.toSet());
        List<Measured> noisy = mixed(
                Measured.distinct(Measured.noisy(lab.data())).stream().filter(m -> !held.contains(m.candidate())),
                lab.of(ALL, 320),
                lab.seed());
        lab.put("clean", clean.size())
                .put("noisy", noisy.size())
                .put("steps", traffic.series().length())
                .put("sensors", traffic.columns())
                .put("blocks", lab.of(4, 1))
                .put("epochs", lab.epochs(100, 2))
                .put("taught", lab.epochs(20, 1))
                .put("candidates", lab.of(120, 8))
                .put("candidate epochs", lab.epochs(12, 2))
                .section("The two spaces")
                .section("What is smaller here than in the papers");
        try (ComparatorTraining comparator = ComparatorTraining.begin(lab.seed())) {
            StoredNetworks.rank(lab, comparator, clean, noisy);
            SupernetPage.write(lab, traffic, TrainedNetworks.evolve(lab, comparator, traffic));
        }
    }

    private static List<Measured> mixed(Stream<Measured> networks, int most, long seed) {
        List<Measured> mixed = new ArrayList<>(networks.toList());
        Collections.shuffle(mixed, new Random(seed));
        return mixed.subList(0, Math.min(most, mixed.size()));
    }
}
