package dev.fathom.experiments.data;

import dev.fathom.image.ModelCard;
import dev.fathom.image.Preprocessing;
import dev.fathom.io.Safetensors;
import dev.fathom.nets.AlexNet;
import dev.fathom.nets.CifarResNet;
import dev.fathom.nets.GoogLeNet;
import dev.fathom.nets.MobileNetV2;
import dev.fathom.nets.ResNet;
import dev.fathom.nets.SqueezeNet;
import dev.fathom.nets.Vgg;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Model;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * A network that is known by name, and where its weights are. Those that someone has published are no part of the
 * project: {@code NAME.safetensors}, with the parameters called as where they were published, lies in
 * {@code pretrained-imagenet} or {@code pretrained-cifar10} in {@code FATHOM_DATA} or the cache folder. Those that a
 * user has trained lie in any file whose {@link ModelCard} names the network.
 *
 * @param name of the network and of its file
 * @param set whose classes it knows; empty where the file names them
 * @param input what a photograph becomes for it
 * @param file the weights that a user has trained, null for the published ones
 * @param own the classes of {@code file}, empty for those of {@code set}
 */
public record Pretrained(
        String name,
        String set,
        Preprocessing input,
        @Nullable Path file,
        List<String> own) {
    /** The weights of the one that labs use, and what the classes are called. */
    public static final DataSet SQUEEZENET = DataSet.of(
            "pretrained-imagenet",
            List.of("squeezenet1_1.safetensors"),
            "put torchvision's weights of SqueezeNet 1.1 there as safetensors",
            "BSD-3-Clause (torchvision)",
            Pretrained::standIn);

    private static final String IMAGENET = "imagenet";
    private static final String CIFAR10 = "cifar10";

    /** What the classes of ImageNet are called, a line each: a code, and names in their order. */
    private static final String WORDS = "synset_words.txt";

    /** All of them, the first one unless another is asked for. */
    public static final List<Pretrained> ALL = List.of(
            imagenet("squeezenet1_1"),
            imagenet("squeezenet1_0"),
            imagenet("alexnet"),
            imagenet("vgg11"),
            imagenet("vgg11_bn"),
            imagenet("vgg16"),
            imagenet("vgg16_bn"),
            imagenet("vgg19"),
            imagenet("vgg19_bn"),
            // torchvision changes what this one sees by itself (transform_input)
            new Pretrained("googlenet", IMAGENET, Preprocessing.SYMMETRIC),
            imagenet("resnet18"),
            imagenet("resnet34"),
            imagenet("resnet50"),
            imagenet("resnet101"),
            imagenet("mobilenet_v2"),
            new Pretrained(
                    "resnet20", CIFAR10, Preprocessing.IMAGENET.size(32, 32).shorter(32)));

    private Pretrained(String name, String set, Preprocessing input) {
        this(name, set, input, null, List.of());
    }

    private static Pretrained imagenet(String name) {
        return new Pretrained(name, IMAGENET, Preprocessing.IMAGENET);
    }

    /** How many classes it knows. */
    public int count() {
        return file != null ? own.size() : set.equals(CIFAR10) ? 10 : 1000;
    }

    /** The network without its weights. */
    public Layer net() {
        int n = count();
        return switch (name) {
            case "squeezenet1_1" -> SqueezeNet.squeezenet1_1(n);
            case "squeezenet1_0" -> SqueezeNet.squeezenet1_0(n);
            case "alexnet" -> AlexNet.alexnet(n);
            case "vgg11" -> Vgg.vgg11(n);
            case "vgg11_bn" -> Vgg.vgg11_bn(n);
            case "vgg16" -> Vgg.vgg16(n);
            case "vgg16_bn" -> Vgg.vgg16_bn(n);
            case "vgg19" -> Vgg.vgg19(n);
            case "vgg19_bn" -> Vgg.vgg19_bn(n);
            case "googlenet" -> GoogLeNet.googlenet(n);
            case "resnet18" -> ResNet.resnet18(n);
            case "resnet34" -> ResNet.resnet34(n);
            case "resnet50" -> ResNet.resnet50(n);
            case "resnet101" -> ResNet.resnet101(n);
            case "mobilenet_v2" -> new MobileNetV2(n);
            case "resnet20" -> new CifarResNet(3, n);
            default -> throw new IllegalStateException(name);
        };
    }

    /**
     * The network of this name, or the one of a file {@code .safetensors} that names it in its {@link ModelCard}; where
     * there is none of this name, {@code misuse} makes an exception of a sentence with all names.
     *
     * @throws IllegalArgumentException if the file has no card, a damaged one, or one that its weights do not fit
     * @throws UncheckedIOException if the file cannot be read
     */
    public static Pretrained named(String name, Function<String, ? extends RuntimeException> misuse) {
        if (name.toLowerCase(Locale.ROOT).endsWith(".safetensors")) {
            return of(Path.of(name));
        }
        return known(name)
                .orElseThrow(() -> misuse.apply("there is no model " + name + "; there are " + names()
                        + ", and files .safetensors that were saved with a model card"));
    }

    private static Pretrained of(Path file) {
        ModelCard card = ModelCard.read(file);
        if (known(card.network()).isEmpty()) {
            throw new IllegalArgumentException(file + ": its weights are of a network " + card.network()
                    + ", which is not known by name; there are " + names());
        }
        int classes = card.classes().size();
        try (Safetensors weights = Safetensors.read(file)) { // before a network is made for as many
            if (weights.names().stream()
                    .map(weights::shape)
                    .noneMatch(shape -> shape.rank() > 0 && shape.dim(0) == classes)) {
                throw new IllegalArgumentException(file + ": it names " + classes
                        + " classes, but no tensor in it has a row for each; save the weights again with "
                        + "the classes they know");
            }
        }
        return new Pretrained(card.network(), "", card.input(), file, card.classes());
    }

    private static Optional<Pretrained> known(String name) {
        return ALL.stream().filter(p -> p.name.equals(name)).findFirst();
    }

    private static String names() {
        return ALL.stream().map(Pretrained::name).collect(Collectors.joining(", "));
    }

    /** What pages call it: its name, or the file of a user's weights without its ending. */
    public String title() {
        return file == null ? name : file.getFileName().toString().replaceFirst("(?i)\\.safetensors$", "");
    }

    /**
     * Where its files are.
     *
     * @param given a folder that has them, null for where they usually are
     * @throws IllegalArgumentException if they are not there, with what to do
     */
    public Path folder(@Nullable Path given) {
        if (file != null) {
            return file.toAbsolutePath().resolveSibling("");
        }
        List<Path> places = given != null ? List.of(given) : ImageSet.places("pretrained-" + set);
        for (Path place : places) {
            if (Files.isRegularFile(weights(place))) {
                return place;
            }
        }
        Path place = places.stream().filter(Files::isDirectory).findFirst().orElse(places.get(0));
        throw new IllegalArgumentException("the weights of " + name + " are not here: " + weights(place)
                + " is missing; put " + (set.equals(CIFAR10) ? "the published weights" : "torchvision's")
                + " there as safetensors, or name their folder with --data");
    }

    /**
     * Where its files, or random weights that stand in for them in the short form of a lab, are.
     *
     * @throws IllegalArgumentException if they are not there, with what to do
     */
    public Path orStandIn() {
        boolean here = ImageSet.places("pretrained-" + set).stream().anyMatch(p -> Files.isRegularFile(weights(p)));
        return here
                ? folder(null)
                : SQUEEZENET
                        .standIn()
                        .filter(p -> Files.isRegularFile(weights(p)))
                        .orElseGet(() -> folder(null));
    }

    /** Random weights, and classes without a name. */
    private static void standIn(Path folder) {
        try (Model<Layer> model = Model.of(ALL.get(0).net(), 9)) {
            model.save(ALL.get(0).weights(folder));
        }
        StandIn.text(
                folder.resolve(WORDS),
                IntStream.range(0, 1000)
                        .mapToObj(i -> String.format(Locale.ROOT, "n%08d class %d", i, i))
                        .collect(Collectors.joining("\n")));
    }

    private Path weights(Path folder) {
        return file != null ? file : folder.resolve(name + ".safetensors");
    }

    /**
     * The network with its weights; close it.
     *
     * @param folder where its files are
     * @throws IllegalArgumentException if they are damaged or of another network
     * @throws UncheckedIOException if they cannot be read
     */
    public Model<Layer> load(Path folder) {
        Model<Layer> model = Model.of(net(), 0);
        try {
            model.load(weights(folder));
            return model;
        } catch (RuntimeException | Error e) {
            model.close();
            throw e;
        }
    }

    /**
     * What its classes are called, in the order of the logits.
     *
     * @param folder where its files are
     * @throws IllegalArgumentException if the file of names is missing, or is not one of 1,000 lines
     */
    public List<String> classes(Path folder) {
        if (file != null) {
            return own;
        }
        if (set.equals(CIFAR10)) {
            return ImageSet.CIFAR10.classes();
        }
        Path file = folder.resolve(WORDS);
        try {
            List<String> names = Files.readAllLines(file).stream()
                    .map(line -> line.substring(line.indexOf(' ') + 1).strip())
                    .toList();
            if (names.size() == 1000) {
                return names;
            }
            throw new IllegalArgumentException(
                    file + " has " + names.size() + " lines and not the names of 1,000 classes; replace it");
        } catch (IOException e) {
            throw new IllegalArgumentException(
                    file
                            + " cannot be read; put ImageNet's file of that name there, a line for each of the "
                            + "1,000 classes",
                    e);
        }
    }
}
