package dev.fathom.labs.images;

import static dev.fathom.experiments.pages.Findings.line;

import dev.fathom.experiments.Experiment;
import dev.fathom.experiments.Lab;
import dev.fathom.experiments.data.DataSet;
import dev.fathom.experiments.data.NamedPhotograph;
import dev.fathom.experiments.data.Pretrained;
import dev.fathom.experiments.pages.Table;
import dev.fathom.nets.SqueezeNet;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Model;
import dev.fathom.view.Diagram;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Figure 10.10 of the textbook (An Introduction to Statistical Learning): what networks that were trained on ImageNet
 * say of the book's photographs; and the panda of Goodfellow, Shlens and Szegedy (2015): a photograph, a change that
 * nobody sees, and the two together, which are something else.
 */
public final class PretrainedLab implements Experiment {
    private static final int TOP = 3;
    private static final List<String> NETWORKS = List.of("squeezenet1_1", "mobilenet_v2", "resnet50");
    /**
     * ResNet-50 in the lab of the Python edition (torchvision's second weights, photographs squeezed to 232 x 232), by
     * file.
     */
    static final Map<String, String> BOOK = Map.of(
            "flamingo.jpg", "flamingo 61.0 %, spoonbill 1.4 %, American egret 0.2 %",
            "hawk_cropped.jpg", "kite 45.4 %, great gray owl 1.6 %, jay 1.2 %",
            "huey.jpg", "Lhasa 26.0 %, Shih-Tzu 9.7 %, Tibetan terrier 3.3 %",
            "kitty.jpg", "Persian cat 16.3 %, tabby 7.4 %, tiger cat 4.3 %",
            "weaver.jpg", "jacamar 29.8 %, macaw 6.8 %, lorikeet 5.1 %");

    @Override
    public Optional<Diagram> net() {
        return Experiment.drawn("SqueezeNet 1.1", SqueezeNet.squeezenet1_1(1000), 224, 224, 3);
    }

    @Override
    public List<DataSet> reads() {
        return List.of(Pretrained.SQUEEZENET, NamedPhotograph.SET);
    }

    @Override
    public void run(Lab lab) {
        Path photos = lab.data() == null ? NamedPhotograph.folder() : lab.data();
        Map<String, List<NamedPhotograph>> expected = NamedPhotograph.read(photos);
        lab.put("photographs", expected.size()).put("top", TOP);
        for (Pretrained network : networks().limit(lab.of(NETWORKS.size(), 1)).toList()) {
            lab.put("network", network.name()).section("The textbook's photographs, named by {network}");
            Table table = lab.table("photographs", "photograph");
            Path folder = network.orStandIn();
            try (Model<Layer> model = network.load(folder)) {
                Namer namer = new Namer(network, model, network.classes(folder));
                Map<String, float[]> said = new LinkedHashMap<>();
                int agreed = 0;
                for (var photo : expected.entrySet()) {
                    lab.check();
                    float[] p = namer.probabilities(network.input().read(photos.resolve(photo.getKey())));
                    said.put(photo.getKey(), p);
                    agreed += show(table, namer, photo.getValue(), p) ? 1 : 0;
                }
                lab.put("agreed", agreed);
                lab.figure(network.name() + ", photographs named as by the other program", "", agreed);
                if (network.name().equals(NETWORKS.get(0))) {
                    new Panda(namer, photos).show(lab, said);
                }
            }
        }
    }

    /** The networks whose weights are here; without the first there is nothing to ask. */
    private static Stream<Pretrained> networks() {
        return NETWORKS.stream()
                .map(name -> Pretrained.named(name, message -> {
                    throw new IllegalStateException(message);
                }))
                .filter(network -> {
                    try {
                        network.orStandIn();
                        return true;
                    } catch (IllegalArgumentException e) {
                        if (network.name().equals(NETWORKS.get(0))) {
                            throw e;
                        }
                        return false;
                    }
                });
    }

    /**
     * Shows what a network says of a photograph, and the probability of the class that the other program names first.
     *
     * @return whether that is the class which the network names first
     */
    private static boolean show(Table table, Namer namer, List<NamedPhotograph> lines, float... p) {
        List<NamedPhotograph> others = lines.stream()
                .filter(e -> e.network().equals(namer.network().name()))
                .toList();
        NamedPhotograph first =
                Stream.concat(others.stream(), lines.stream()).findFirst().orElseThrow();
        table.named(namer.network().name() + " on {row}: " + namer.name(first.label()))
                .row(first.file())
                .cell("shows", first.content())
                .cell("named", namer.words(p, TOP))
                .cell(
                        "expected",
                        others.stream()
                                .limit(TOP)
                                .map(e -> line("%s %.1f %%", namer.name(e.label()), 100 * e.probability()))
                                .collect(Collectors.joining(", ")))
                .cell("ResNet-50 in the book", BOOK.getOrDefault(first.file(), ""))
                .put("the expected class", "%.2f %%", 100 * p[first.label()]);
        return Namer.best(p) == first.label();
    }
}
