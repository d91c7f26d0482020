package dev.fathom.labs.codes;

import dev.fathom.experiments.Lab;
import dev.fathom.experiments.pages.Table;
import dev.fathom.experiments.statistics.Averages;
import dev.fathom.tensor.Rng;
import dev.fathom.train.Workers;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** Classes of the nodes of graphs, few of which have a label: by graph convolution, without edges, by spreading. */
final class GraphStudy {
    private static final int[] PER_BLOCK = {2, 5, 10, 20};
    private static final int FIVE = PER_BLOCK[1];
    private static final String GAIN = "Graph convolution, " + FIVE + " labels a block, gain over the better baseline";
    private static final String BETTER = "the better of a network without edges and label spreading";

    private GraphStudy() {}

    static void add(Lab lab, int nodes, int draws) {
        lab.section("Nodes of a graph, few of which have a label")
                .put("graphs", draws)
                .put("blocks", BlockModel.BLOCKS);
        lab.put("inside", BlockModel.INSIDE).put("outside", BlockModel.OUTSIDE);
        lab.put("columns", BlockModel.COLUMNS).put("signal", BlockModel.SIGNAL);
        Table table = lab.table("graphs", "accuracy, by the labels known in each block")
                .named("{row}, {column} labels a block, accuracy");
        List<Table.Row> rows = Stream.of("graph convolution", "without edges", "label spreading")
                .map(table::row)
                .toList();
        for (int perBlock : PER_BLOCK) {
            List<double[]> all = Workers.all().run(draws, draw -> accuracies(lab, nodes, perBlock, draw));
            double[] means = Averages.each(rows.size(), way -> 100 * Averages.mean(all, one -> one[way]));
            IntStream.range(0, rows.size()).forEach(way -> rows.get(way).put("" + perBlock, "%.1f %%", means[way]));
            double better = Math.max(means[1], means[2]);
            rows.get(0).put("" + perBlock, "%.1f %%", means[0]).baseline(better, BETTER);
            if (perBlock == FIVE) {
                lab.figure(GAIN, "points", means[0] - better).baseline(0, BETTER);
            }
        }
        List<String> places = IntStream.of(PER_BLOCK).mapToObj(String::valueOf).toList();
        lab.curves("graph.png", "right answers, %", "labels known in each block", places, table.lines());
    }

    /** The accuracies of graph convolution, of a network without edges, and of label spreading. */
    private static double[] accuracies(Lab lab, int nodes, int perBlock, int draw) {
        lab.check();
        long seed = lab.rng("graph").split(draw).seed();
        BlockModel model = BlockModel.draw(nodes, new Rng(seed));
        int[] known = model.known(perBlock);
        return new double[] {
            model.learned(model.convolutions(), known, seed),
            model.learned(model.withoutEdges(), known, seed),
            model.spread(known)
        };
    }
}
