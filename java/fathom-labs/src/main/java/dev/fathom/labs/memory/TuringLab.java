package dev.fathom.labs.memory;

import dev.fathom.experiments.Experiment;
import dev.fathom.experiments.Lab;
import dev.fathom.experiments.pages.Table;
import dev.fathom.experiments.statistics.Averages;
import dev.fathom.nets.TuringMachine;
import dev.fathom.nn.Input;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Model;
import dev.fathom.recurrent.Recurrent;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;
import dev.fathom.train.Run;
import dev.fathom.view.Chart;
import dev.fathom.view.Diagram;
import dev.fathom.view.Plots;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * Memory that is addressed by content and by place: a small Neural Turing Machine learns to copy sequences of random
 * bits, beside an LSTM, and both copy sequences that are longer than any they learned from.
 */
public final class TuringLab implements Experiment {
    private static final float SEEN = 0.05f; // the weight from which a slot is drawn

    /** An LSTM with a linear layer on its states. */
    private record Plain(Recurrent cell, Linear out) implements Layer {
        @Override
        public Tensor forward(Tensor x) {
            return out.apply(cell.run(x).steps());
        }
    }

    @Override
    public Optional<Diagram> net() {
        return Experiment.drawn(
                "A step of the Turing machine",
                new TuringMachine(7, 6, 64, 40, 10),
                (machine, in) -> machine.step(in[0], new TuringMachine.State(in[1], in[2], in[3], in[0])),
                Input.floats(1, 7),
                Input.floats(1, 40, 10),
                Input.floats(1, 2, 40),
                Input.floats(1, 10));
    }

    @Override
    public void run(Lab lab) {
        Copying size = lab.of(new Copying(6, 8, 32, 40, 10, 64), new Copying(4, 5, 15, 20, 8, 64));
        int longest = size.longest();
        lab.put(size).put("far", longest + 1).put("twice", 2 * longest).section("Copying");
        Map<String, Layer> nets = new LinkedHashMap<>();
        nets.put(
                "LSTM",
                new Plain(Recurrent.lstm(size.bits() + 1, size.hidden()), new Linear(size.hidden(), size.bits())));
        nets.put(
                "Turing machine",
                new TuringMachine(size.bits() + 1, size.bits(), size.hidden(), size.slots(), size.width()));
        double[] lengths = Averages.upTo(size.tested());
        Table table = lab.table("right", "network").named("{row}, bits right, {column}");
        Chart chart = new Chart("bits right", "vectors in the sequence");
        Map<String, double[][]> curves = new LinkedHashMap<>();
        int[] ends = {0, longest, 2 * longest, size.tested()};
        double[] before = {50, 50, 50};
        String of = "a guess";
        for (var net : nets.entrySet()) {
            String name = net.getKey();
            try (Model<Layer> model = Model.of(net.getValue(), lab.seed())) {
                Run history = size.train(lab, name, model);
                double[] shares = size.accuracies(lab, model.net());
                Table.Row row = table.row(name).cell("parameters", model.parameterCount());
                row.cell("training", Math.round(history.seconds()) + " s");
                for (int i = 0; i < before.length; i++) {
                    String column = (i == 0 ? "up to " : ends[i] + 1 + " to ") + ends[i + 1] + " vectors";
                    double mean = 100 * Averages.mean(Arrays.copyOfRange(shares, ends[i], ends[i + 1]));
                    row.put(column, "%.2f %%", mean).baseline(before[i], of);
                    before[i] = mean;
                }
                of = name;
                curves.put(name, history.curve("loss"));
                chart.line(name, lengths, shares);
                if (model.net() instanceof TuringMachine machine) {
                    lab.section("Bits that are right");
                    chart.dashed("longest that was learned", new double[] {longest, longest}, new double[] {0.5, 1});
                    lab.chart("lengths.png", chart).curves("loss.png", "loss", "epoch", curves);
                    weights(lab, machine, size);
                }
            }
        }
    }

    /** Where the machine writes and reads, for a sequence that is longer than those learned from. */
    private static void weights(Lab lab, TuringMachine machine, Copying size) {
        int length = size.longest() * 3 / 2;
        float[][][] heads = new float[2][size.slots()][2 * length];
        float[][] answered = new float[2 * size.bits()][length];
        float[] vectors = Copying.bits(lab.rng("shown"), length * size.bits());
        int right = 0;
        try (Pass pass = Pass.infer()) {
            Tensor x = Tensor.of(vectors, 1, length, size.bits());
            List<TuringMachine.State> states = machine.states(Copying.asked(x));
            for (int t = 0; t < states.size(); t++) {
                float[] both = states.get(t).weights().clamp(0, 1).toArray();
                for (int i = 0; i < both.length; i++) {
                    heads[i / size.slots()][i % size.slots()][t] = both[i];
                }
            }
            float[] said = Copying.answers(machine, x).sigmoid().toArray();
            for (int i = 0; i < said.length; i++) {
                answered[i % size.bits()][i / size.bits()] = vectors[i];
                answered[size.bits() + i % size.bits()][i / size.bits()] = said[i];
                right += Math.round(said[i]) == Math.round(vectors[i]) ? 1 : 0;
            }
        }
        lab.section("Where it writes and reads").put("length", length);
        lab.put("all", vectors.length).put("right", right);
        int[] used = IntStream.range(0, size.slots())
                .filter(slot -> seen(heads[0][slot]) || seen(heads[1][slot]))
                .toArray();
        List<String> slots = IntStream.of(used).mapToObj(String::valueOf).toList();
        List<String> steps =
                IntStream.rangeClosed(1, 2 * length).mapToObj(String::valueOf).toList();
        List<String> rows = IntStream.range(0, 2 * size.bits())
                .mapToObj(i -> (i < size.bits() ? "true bit " : "said bit ") + (1 + i % size.bits()))
                .toList();
        for (int head = 0; head < 2; head++) {
            float[][] all = heads[head];
            float[][] some = IntStream.of(used).mapToObj(slot -> all[slot]).toArray(float[][]::new);
            String name = head == 0 ? "Writing" : "Reading";
            lab.picture(
                    head == 0 ? "write.png" : "read.png",
                    () -> Plots.heatMap(name + " head: weight on each slot, by step", slots, steps, some));
        }
        lab.picture(
                "answer.png",
                () -> Plots.heatMap("True bits, and what the machine says", rows, steps.subList(0, length), answered));
    }

    private static boolean seen(float[] weights) {
        return IntStream.range(0, weights.length).anyMatch(t -> weights[t] > SEEN);
    }
}
