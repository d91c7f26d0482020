package dev.fathom.labs.representation;

import dev.fathom.experiments.statistics.Averages;
import dev.fathom.experiments.training.ManyLinear;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Loss;
import dev.fathom.nn.Sequential;
import dev.fathom.tensor.Tensor;
import dev.fathom.view.Regions;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/** Networks of two inputs and one output that learn XOR side by side. */
record XorNets(Sequential net, int nets) {
    static XorNets of(int nets, int hidden, Layer activation) {
        return new XorNets(
                new Sequential(new ManyLinear(nets, 2, hidden, 1), activation, new ManyLinear(nets, hidden, 1, 1)),
                nets);
    }

    /** Those whose four answers are right. */
    int[] solved() {
        float[] logits = net.apply(Tensor.of(TruthTable.INPUTS, 4, 2)).toArray();
        return IntStream.range(0, nets)
                .filter(k -> IntStream.range(0, 4).allMatch(r -> (logits[4 * k + r] > 0) == (TruthTable.XOR[r] > 0)))
                .toArray();
    }

    /** The cross-entropy of each network. */
    Tensor losses() {
        Tensor logits = net.apply(Tensor.of(TruthTable.INPUTS, 4, 2));
        Tensor targets = Tensor.of(TruthTable.XOR, 1, 4, 1).expand(nets, 4, 1);
        return Loss.bceWithLogits().each(logits, targets).mean(1, 2);
    }

    /** What a network with two hidden units says to the plane, and where its units take the four points. */
    void draw(int k, String name, List<Regions> inputs, List<Regions> planes) {
        Regions in = TruthTable.plane(name + ": inputs");
        Tensor places = Tensor.of(in.places(), Regions.PLACES, 2);
        in.shares(ManyLinear.one(net, k, 3, places).sigmoid().toArray());
        inputs.add(TruthTable.points(in, PerceptronLab.XOR, TruthTable.INPUTS));

        float[] hidden =
                ManyLinear.one(net, k, 2, Tensor.of(TruthTable.INPUTS, 4, 2)).toArray();
        ManyLinear last = (ManyLinear) net.layers().get(2);
        float[] w = Arrays.copyOfRange(last.weight().value().toArray(), 2 * k, 2 * k + 2);
        float bias = last.bias().value().toArray()[k];
        var range = Arrays.stream(Averages.doubles(hidden)).summaryStatistics();
        double margin = 0.25 * (range.getMax() - range.getMin());
        double low = range.getMin() - margin;
        double high = range.getMax() + margin;
        Regions plane = new Regions(name + ": hidden units", low, high, low, high);
        Tensor all = Tensor.of(plane.places(), Regions.PLACES, 2);
        plane.shares(all.matmul(Tensor.of(w, 2, 1)).add(bias).sigmoid().toArray());
        planes.add(TruthTable.points(plane.boundary(w[0], w[1], bias, 6), PerceptronLab.XOR, hidden));
    }
}
