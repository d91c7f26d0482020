package dev.fathom.labs.data;

import dev.fathom.data.Preprocessing;
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
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ParameterException;

/**
 * A network whose weights someone has published. They are no part of the project: {@code NAME.safetensors}, with the parameters called as where they were
 * published, lies in {@code pretrained-imagenet} or {@code pretrained-cifar10} in {@code FATHOM_DATA} or the cache folder.
 *
 * @param name of the network and of its file
 * @param set whose classes it knows
 * @param input what a photograph becomes for it
 */
public record Pretrained(String name, String set, Preprocessing input) {
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
            new Pretrained("resnet20", CIFAR10, Preprocessing.IMAGENET.sizes(32, 32)));

    private static Pretrained imagenet(String name) {
        return new Pretrained(name, IMAGENET, Preprocessing.IMAGENET);
    }

    /** The network without its weights. */
    public Layer net() {
        return switch (name) {
            case "squeezenet1_1" -> SqueezeNet.squeezenet1_1(1000);
            case "squeezenet1_0" -> SqueezeNet.squeezenet1_0(1000);
            case "alexnet" -> AlexNet.alexnet(1000);
            case "vgg11" -> Vgg.vgg11(1000);
            case "vgg11_bn" -> Vgg.vgg11_bn(1000);
            case "vgg16" -> Vgg.vgg16(1000);
            case "vgg16_bn" -> Vgg.vgg16_bn(1000);
            case "vgg19" -> Vgg.vgg19(1000);
            case "vgg19_bn" -> Vgg.vgg19_bn(1000);
            case "googlenet" -> GoogLeNet.googlenet(1000);
            case "resnet18" -> ResNet.resnet18(1000);
            case "resnet34" -> ResNet.resnet34(1000);
            case "resnet50" -> ResNet.resnet50(1000);
            case "resnet101" -> ResNet.resnet101(1000);
            case "mobilenet_v2" -> new MobileNetV2(1000);
            case "resnet20" -> new CifarResNet(3, 10);
            default -> throw new IllegalStateException(name);
        };
    }

    /** The network of this name; where there is none, {@code misuse} makes an exception of a sentence with all names. */
    public static Pretrained named(String name, Function<String, ParameterException> misuse) {
        return ALL.stream()
                .filter(p -> p.name.equals(name))
                .findFirst()
                .orElseThrow(() -> misuse.apply("there is no model " + name + "; there are "
                        + ALL.stream().map(Pretrained::name).collect(Collectors.joining(", "))));
    }

    /**
     * Where its files are.
     *
     * @param given a folder that has them, null for where they usually are
     * @throws IllegalArgumentException if they are not there, with what to do
     */
    public Path folder(@Nullable Path given) {
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

    private Path weights(Path folder) {
        return folder.resolve(name + ".safetensors");
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
                            + " cannot be read; put ImageNet's file of that name there, a line for each of the 1,000 classes",
                    e);
        }
    }
}
