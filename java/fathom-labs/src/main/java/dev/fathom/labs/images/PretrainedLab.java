package dev.fathom.labs.images;

import static dev.fathom.experiments.pages.Findings.line;

import dev.fathom.experiments.Experiment;
import dev.fathom.experiments.Lab;
import dev.fathom.experiments.data.ImageSet;
import dev.fathom.experiments.data.Pretrained;
import dev.fathom.experiments.pages.Table;
import dev.fathom.image.Preprocessing.Photo;
import dev.fathom.nets.SqueezeNet;
import dev.fathom.nn.Input;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Loss;
import dev.fathom.nn.Model;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;
import dev.fathom.view.Diagram;
import dev.fathom.view.ImageSheet;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Figure 10.10 of the textbook (An Introduction to Statistical Learning): what networks that were trained on ImageNet
 * say of the book's photographs; and the panda of Goodfellow, Shlens and Szegedy (2015): a photograph, a change that
 * nobody sees, and the two together, which are something else.
 */
public final class PretrainedLab implements Experiment {
    private static final int TOP = 3;
    private static final List<String> NETWORKS = List.of("squeezenet1_1", "mobilenet_v2", "resnet50");
    /** Part of the range from black to white by which the paper moves every pixel. */
    private static final float EPSILON = 0.007f;

    /**
     * ResNet-50 in the lab of the Python edition (torchvision's second weights, photographs squeezed to 232 x 232), by
     * file.
     */
    private static final Map<String, String> BOOK = Map.of(
            "flamingo.jpg", "flamingo 61.0 %, spoonbill 1.4 %, American egret 0.2 %",
            "hawk_cropped.jpg", "kite 45.4 %, great gray owl 1.6 %, jay 1.2 %",
            "huey.jpg", "Lhasa 26.0 %, Shih-Tzu 9.7 %, Tibetan terrier 3.3 %",
            "kitty.jpg", "Persian cat 16.3 %, tabby 7.4 %, tiger cat 4.3 %",
            "weaver.jpg", "jacamar 29.8 %, macaw 6.8 %, lorikeet 5.1 %");

    /** A line of expected.tsv: what another program says of a photograph. */
    private record Expected(String file, String content, String network, int label, double probability) {
        static Expected of(Path file, String text) {
            try {
                String[] cells = text.split("\t");
                int label = Objects.checkIndex(Integer.parseInt(cells[4]), 1000);
                return new Expected(cells[0], cells[1], cells[2], label, Double.parseDouble(cells[6]));
            } catch (NumberFormatException | IndexOutOfBoundsException e) {
                throw new IllegalArgumentException(
                        file + " has a line that is none of file, content, model, rank, class_index, "
                                + "class_name, probability: " + text.substring(0, Math.min(60, text.length())),
                        e);
            }
        }
    }

    /** A network with the names of its classes. */
    private record Namer(Pretrained network, Model<Layer> model, List<String> classes) {
        float[] probabilities(Photo photo) {
            try (Pass pass = Pass.infer()) {
                return model.net()
                        .apply(network.input().tensor(photo))
                        .softmax(-1)
                        .toArray();
            }
        }

        /** The first of a class's names. */
        String name(int label) {
            return classes.get(label).split(",")[0].strip();
        }

        /** The most probable classes. */
        String words(float[] p, int top) {
            return IntStream.range(0, p.length)
                    .boxed()
                    .sorted((i, k) -> Float.compare(p[k], p[i]))
                    .limit(top)
                    .map(k -> line("%s %.1f %%", name(k), 100 * p[k]))
                    .collect(Collectors.joining(", "));
        }
    }

    /** The most probable class. */
    private static int best(float... p) {
        return IntStream.range(0, p.length)
                .reduce((i, k) -> p[k] > p[i] ? k : i)
                .orElseThrow();
    }

    @Override
    public Optional<Diagram> net() {
        return Experiment.drawn("SqueezeNet 1.1", SqueezeNet.squeezenet1_1(1000), Input.floats(1, 224, 224, 3));
    }

    @Override
    public void run(Lab lab) {
        Path photos = lab.data() == null ? photos() : lab.data();
        Map<String, List<Expected>> expected = expected(photos.resolve("expected.tsv"));
        lab.put("photographs", expected.size()).put("top", TOP);
        for (Pretrained network : networks().limit(lab.of(NETWORKS.size(), 1)).toList()) {
            lab.put("network", network.name()).section("The textbook's photographs, named by {network}");
            Table table = lab.table("photographs", "photograph");
            Path folder = network.folder(null);
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
                    panda(lab, namer, photos, said);
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
                        network.folder(null);
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
    private static boolean show(Table table, Namer namer, List<Expected> lines, float... p) {
        List<Expected> others = lines.stream()
                .filter(e -> e.network.equals(namer.network.name()))
                .toList();
        Expected first =
                Stream.concat(others.stream(), lines.stream()).findFirst().orElseThrow();
        table.named(namer.network.name() + " on {row}: " + namer.name(first.label))
                .row(first.file)
                .cell("shows", first.content)
                .cell("named", namer.words(p, TOP))
                .cell(
                        "expected",
                        others.stream()
                                .limit(TOP)
                                .map(e -> line("%s %.1f %%", namer.name(e.label), 100 * e.probability))
                                .collect(Collectors.joining(", ")))
                .cell("ResNet-50 in the book", BOOK.getOrDefault(first.file, ""))
                .put("the expected class", "%.2f %%", 100 * p[first.label]);
        return best(p) == first.label;
    }

    /**
     * The photograph of which the network is surest, among those that it names as the book's network does where there
     * are any.
     */
    private static void panda(Lab lab, Namer namer, Path photos, Map<String, float[]> said) {
        Map.Entry<String, float[]> surest = said.entrySet().stream()
                .max(Comparator.comparing((Map.Entry<String, float[]> e) ->
                                BOOK.getOrDefault(e.getKey(), "").startsWith(namer.name(best(e.getValue())) + " "))
                        .thenComparing(e -> e.getValue()[best(e.getValue())]))
                .orElseThrow();
        String file = surest.getKey();
        float[] before = surest.getValue();
        int was = best(before);
        Photo photo = namer.network.input().read(photos.resolve(file));
        byte[] noise = new byte[photo.pixels().length];
        byte[] changed = new byte[noise.length];
        try (Pass pass = Pass.grad()) {
            Tensor x = pass.watch(namer.network.input().tensor(photo));
            pass.backward(Loss.crossEntropy().of(namer.model.net().apply(x), Tensor.ofInts(new int[] {was}, 1)), x);
            float[] direction = Objects.requireNonNull(pass.gradient(x)).sign().toArray();
            for (int i = 0; i < noise.length; i++) {
                noise[i] = (byte) Math.round(127.5f + 127.5f * direction[i]);
                float pixel = (photo.pixels()[i] & 0xff) + 255 * EPSILON * direction[i];
                changed[i] = (byte) Math.round(Math.max(0, Math.min(255, pixel)));
            }
        }
        float[] after = namer.probabilities(new Photo(changed, photo.height(), photo.width(), photo.notes()));
        float[] alone = namer.probabilities(new Photo(noise, photo.height(), photo.width(), photo.notes()));
        int is = best(after);
        int side = namer.network.input().height();
        String name = "The changed photograph: probability of ";
        lab.section("The panda of the paper, with another photograph")
                .figure(name + namer.name(is), "%", 100 * after[is])
                .figure(name + namer.name(was), "%", 100 * after[was])
                .put("epsilon", line("%.3f", EPSILON))
                .put("file", file)
                .put("was", namer.name(was))
                .put("sure", 100 * before[was])
                .put("is", namer.name(is))
                .put("now", 100 * after[is])
                .put("left", 100 * after[was])
                .put("fooled", was != is)
                .sheet(
                        "panda.png",
                        new ImageSheet(side, side, 3)
                                .columns(3)
                                .add(photo.pixels(), "x: " + namer.words(before, 1))
                                .add(noise, "sign of the gradient: " + namer.words(alone, 1))
                                .add(changed, "x + " + EPSILON + " sign: " + namer.words(after, 1)));
    }

    private static Path photos() {
        List<Path> places = ImageSet.places("islr/book_images");
        return places.stream()
                .filter(place -> Files.isRegularFile(place.resolve("expected.tsv")))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException(
                        "there is no " + places.get(0).resolve("expected.tsv")
                                + "; put the textbook's photographs there, or name their folder with --data"));
    }

    /** The lines of each photograph. */
    private static Map<String, List<Expected>> expected(Path file) {
        try (Stream<String> lines = Files.lines(file)) {
            Map<String, List<Expected>> all = lines.skip(1)
                    .map(text -> Expected.of(file, text))
                    .collect(Collectors.groupingBy(Expected::file, LinkedHashMap::new, Collectors.toList()));
            if (all.isEmpty()) {
                throw new IllegalArgumentException(file + " names no photographs; replace it");
            }
            return all;
        } catch (IOException e) {
            throw new IllegalArgumentException(
                    file + " cannot be read; name the folder of the textbook's photographs with --data", e);
        }
    }
}
