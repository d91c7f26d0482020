package dev.fathom;

import static com.tngtech.archunit.core.domain.JavaModifier.FINAL;
import static com.tngtech.archunit.core.domain.JavaModifier.NATIVE;
import static com.tngtech.archunit.core.domain.JavaModifier.PROTECTED;
import static com.tngtech.archunit.core.domain.JavaModifier.PUBLIC;
import static com.tngtech.archunit.core.domain.JavaModifier.SYNTHETIC;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.methods;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.GeneralCodingRules.ACCESS_STANDARD_STREAMS;
import static com.tngtech.archunit.library.GeneralCodingRules.USE_JAVA_UTIL_LOGGING;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.tngtech.archunit.core.domain.JavaAccess;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaCodeUnit;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.lang.ConditionEvents;
import com.tngtech.archunit.lang.SimpleConditionEvent;
import com.tngtech.archunit.library.Architectures;
import dev.fathom.jni.Native;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Linear;
import dev.fathom.nn.SequenceLayer;
import dev.fathom.op.Call;
import dev.fathom.op.Grad;
import dev.fathom.tensor.Tensor;
import java.io.IOException;
import java.io.InputStream;
import java.lang.module.ModuleDescriptor;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** What the packages may know of each other, and a few things that no class may do. */
@Tag("any-instruction-set")
class ArchitectureTest {
    private static final String ROOT = "dev.fathom.";

    private static final List<String> MODULES = List.of(
            "fathom",
            "fathom-tables",
            "fathom-files",
            "fathom-text",
            "fathom-media",
            "fathom-learn",
            "fathom-nets",
            "fathom-onnx",
            "fathom-serve",
            "fathom-serve-micrometer",
            "fathom-serve-spring",
            "fathom-spark",
            "fathom-view");

    /** The core, from its class files, so that no jar and no test is among them. */
    private static final JavaClasses LIBRARY = new ClassFileImporter().importPath(Path.of("target", "classes"));

    // ---- layers

    /** In this order, each package stands on those before it; data and plan do not know each other. */
    @Test
    void eachPackageUsesOnlyThoseBelowIt() {
        String[] order = {
            "jni",
            "kernel",
            "command",
            "offheap",
            "memory",
            "op",
            "ops",
            "tree",
            "autograd",
            "tensor",
            "store",
            "parameter",
            "io",
            "data",
            "nn",
            "recurrent",
            "optim",
            "plan",
            "train"
        };
        var layers = Architectures.layeredArchitecture().consideringOnlyDependenciesInLayers();
        for (String name : order) {
            layers = layers.layer(name).definedBy(ROOT + name + "..");
        }
        for (int i = 0; i < order.length; i++) {
            List<String> above = new ArrayList<>(List.of(order).subList(i + 1, order.length));
            if (order[i].equals("data")) {
                above.remove("plan");
            }
            layers = above.isEmpty()
                    ? layers.whereLayer(order[i]).mayNotBeAccessedByAnyLayer()
                    : layers.whereLayer(order[i]).mayOnlyBeAccessedByLayers(above.toArray(String[]::new));
        }
        layers.check(LIBRARY);
        classes().should().resideInAnyPackage(of(order)).check(LIBRARY);
    }

    private static String[] of(String... names) {
        return List.of(names).stream().map(n -> ROOT + n).toArray(String[]::new);
    }

    // ---- rules

    @Test
    void onlyNativeIsNative() {
        methods()
                .that()
                .haveModifier(NATIVE)
                .should()
                .beDeclaredIn(Native.class)
                .check(LIBRARY);
    }

    /** A direct call of forward would have no frame: no name in messages, nothing given back early. */
    private static final ArchRule FORWARD_THROUGH_APPLY = classes().should(callForwardOnlyFromApply());

    private static ArchCondition<JavaClass> callForwardOnlyFromApply() {
        return new ArchCondition<>("call Layer.forward only from Layer.apply") {
            @Override
            public void check(JavaClass c, ConditionEvents events) {
                List<JavaAccess<?>> all = new ArrayList<>(c.getMethodCallsFromSelf());
                all.addAll(c.getMethodReferencesFromSelf());
                for (JavaAccess<?> a : all) {
                    JavaCodeUnit by = a.getOrigin();
                    boolean apply = by.getOwner().isEquivalentTo(Layer.class)
                                    && by.getName().equals("apply")
                            || by.getOwner()
                                    .isEquivalentTo(SequenceLayer.class); // its apply, and its forward without lengths
                    if (a.getName().equals("forward") && a.getTargetOwner().isAssignableTo(Layer.class) && !apply) {
                        events.add(SimpleConditionEvent.violated(a, a.getDescription() + "; call apply"));
                    }
                }
            }
        };
    }

    @Test
    void forwardIsCalledThroughApply() {
        FORWARD_THROUGH_APPLY.check(LIBRARY);
    }

    private record Impatient(Linear inner) implements Layer {
        @Override
        public Tensor forward(Tensor x) {
            Layer reference = inner::forward;
            return reference.apply(inner.forward(x));
        }
    }

    @Test
    void theRuleSeesCallsAndReferences() {
        JavaClasses impatient = new ClassFileImporter().importClasses(Impatient.class, Layer.class, Linear.class);
        assertThatThrownBy(() -> FORWARD_THROUGH_APPLY.check(impatient))
                .isInstanceOf(AssertionError.class)
                .hasMessageContaining("was violated (2 times)")
                .hasMessageContaining("calls method <dev.fathom.nn.Linear.forward(dev.fathom.tensor.Tensor)>")
                .hasMessageContaining("references method <dev.fathom.nn.Linear.forward(dev.fathom.tensor.Tensor)>");
    }

    /** A user on the module path can name every type of a public signature. */
    @Test
    void theModuleExportsWhatPublicSignaturesName() throws IOException {
        ModuleDescriptor module;
        try (InputStream in = Files.newInputStream(Path.of("target", "classes", "module-info.class"))) {
            module = ModuleDescriptor.read(in);
        }
        Set<String> exported = module.exports().stream()
                .filter(e -> !e.isQualified()) // what other modules of the library share
                .map(ModuleDescriptor.Exports::source)
                .collect(Collectors.toSet());
        assertThat(module.name()).isEqualTo("dev.fathom");
        assertThat(exported)
                .hasSizeGreaterThan(10)
                .doesNotContain(of("jni", "command", "offheap", "ops", "autograd", "store"));
        Set<String> hidden = new TreeSet<>();
        for (JavaClass c : LIBRARY) {
            if (c.getModifiers().contains(PUBLIC) && exported.contains(c.getPackageName())) {
                Stream.concat(c.getCodeUnits().stream(), c.getFields().stream())
                        .filter(m -> !m.getModifiers().contains(SYNTHETIC)) // what the compiler adds
                        .filter(m -> m.getModifiers().contains(PUBLIC)
                                || m.getModifiers().contains(PROTECTED)
                                        && !c.getModifiers().contains(FINAL))
                        .flatMap(m -> m.getAllInvolvedRawTypes().stream())
                        .filter(type -> type.getPackageName().startsWith("dev.fathom"))
                        .filter(type -> !exported.contains(type.getPackageName()))
                        .forEach(type -> hidden.add(c.getName() + " names " + type.getName()));
            }
        }
        assertThat(hidden).isEmpty();
    }

    @Test
    void theCoreIsQuiet() {
        noClasses().should(ACCESS_STANDARD_STREAMS).check(LIBRARY);
        noClasses().should(USE_JAVA_UTIL_LOGGING).check(LIBRARY);
    }

    /**
     * Nobody outside extends a public class: it is final or sealed, or only its own package can construct it, or its
     * package is not exported.
     */
    @Test
    void publicClassesAreClosed() {
        classes()
                .that()
                .arePublic()
                .and()
                .resideOutsideOfPackages(of(
                        "autograd",
                        "store")) // what lies below Tensor, Pass, Tape and Variable; nobody outside can name it
                .and()
                .areNotInterfaces()
                .and()
                .doNotHaveFullyQualifiedName(Call.class.getName()) // what passes and plans run ops through
                .and()
                .doNotHaveFullyQualifiedName(Grad.class.getName())
                .should(new ArchCondition<>("be closed") {
                    @Override
                    public void check(JavaClass c, ConditionEvents events) {
                        boolean closed = c.getModifiers().contains(FINAL)
                                || c.reflect().isSealed()
                                || c.getConstructors().stream()
                                        .noneMatch(k -> k.getModifiers().contains(PUBLIC)
                                                || k.getModifiers().contains(PROTECTED));
                        if (!closed) {
                            events.add(SimpleConditionEvent.violated(c, c.getName() + " can be extended by anyone"));
                        }
                    }
                })
                .check(LIBRARY);
    }

    /** The formatter wraps code and sentences, but neither tables nor examples nor long strings. */
    @Test
    void noLineOfTheLibraryIsLongerThan120Characters() throws IOException {
        List<String> longer = new ArrayList<>();
        Path java = Path.of(System.getProperty("fathom.root"), "java");
        for (String module : MODULES) {
            try (Stream<Path> files = Files.walk(java.resolve(module).resolve("src/main/java"))) {
                for (Path file : files.filter(Files::isRegularFile).toList()) {
                    List<String> lines = Files.readAllLines(file);
                    for (int i = 0; i < lines.size(); i++) {
                        if (lines.get(i).length() > 120) {
                            longer.add(file + ":" + (i + 1));
                        }
                    }
                }
            }
        }
        assertThat(longer).isEmpty();
    }

    /** The three libraries that the core may have at run time, and JavaCPP's annotations, which the build reads. */
    @Test
    void theCoreKnowsThreeLibraries() {
        classes()
                .should()
                .onlyDependOnClassesThat()
                .resideInAnyPackage(
                        "dev.fathom..",
                        "java..",
                        "jdk.jfr..",
                        "org.bytedeco.javacpp.annotation..",
                        "org.slf4j..",
                        "com.google.gson..",
                        "de.siegmar.fastcsv..",
                        "org.jspecify.annotations..")
                .check(LIBRARY);
        noClasses()
                .that()
                .resideOutsideOfPackage(ROOT + "jni")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("org.bytedeco..")
                .check(LIBRARY);
    }
}
