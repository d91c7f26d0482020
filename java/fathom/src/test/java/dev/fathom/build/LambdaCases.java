package dev.fathom.build;

import dev.fathom.nn.Layer;
import dev.fathom.tensor.Tensor;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.function.BiConsumer;
import java.util.function.BiFunction;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import java.util.function.IntFunction;
import java.util.function.IntSupplier;
import java.util.function.IntUnaryOperator;
import java.util.function.Predicate;
import java.util.function.Supplier;
import java.util.function.ToDoubleFunction;
import java.util.function.ToLongFunction;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Expressions of all kinds that a {@link LambdaClass} is made of, for {@link PrelinkTest}. */
@SuppressWarnings({"unchecked", "rawtypes", "UnnecessaryLambda", "ReturnValueIgnored"})
public final class LambdaCases {
    interface IntToLong {
        long of(int x);
    }

    interface ToDouble<T> {
        double of(T t);
    }

    interface OfByte {
        byte of(Byte b);
    }

    interface Wide {
        double of(long a, float b, char c, Object[] d);
    }

    interface Larger<T extends Comparable<T>> {
        T of(T a, T b);
    }

    interface ToInt<T> {
        int of(T t);
    }

    interface Two {
        List<String> of(String a, String b);
    }

    interface WithDefault {
        default Supplier<String> inside() {
            return () -> "in " + hidden();
        }

        private String hidden() {
            return "an interface";
        }

        static IntUnaryOperator next() {
            return x -> x + 1;
        }
    }

    enum Constant {
        PLAIN(x -> x + 1),
        WITH_BODY(x -> x * 2) {
            @Override
            int at(int x) {
                IntSupplier one = () -> super.at(x) + 1;
                return one.getAsInt();
            }
        };

        private final IntUnaryOperator function;

        Constant(IntUnaryOperator function) {
            this.function = function;
        }

        int at(int x) {
            return function.applyAsInt(x);
        }
    }

    /** Sees what is private outside, and has something private itself. */
    final class Inner {
        private final int own = 7;
        final IntSupplier lambda = () -> field + hidden();
        final IntSupplier reference = this::hidden;

        private int hidden() {
            return own;
        }
    }

    private final int field = 5;
    private final StringBuilder found = new StringBuilder();

    private LambdaCases() {}

    private static int twice(int x) {
        return 2 * x;
    }

    private static <T> T same(T x) {
        return x;
    }

    private static int next(Integer x) {
        return x + 1;
    }

    private static float half(float x) {
        return x / 2;
    }

    private long sum(long a, double b) {
        return a + (long) b + field;
    }

    private void add(Object o) {
        found.append(o).append('\n');
    }

    /** Three layers. */
    public static Object[] layers() {
        Layer relu = Tensor::relu;
        Layer tanh = x -> x.tanh();
        Layer same = x -> x;
        return new Object[] {relu, tanh, same};
    }

    /** Three of an interface that is none of nets. */
    public static Object[] functions() {
        IntUnaryOperator next = x -> x + 1;
        IntUnaryOperator before = x -> x - 1;
        IntUnaryOperator twice = LambdaCases::twice;
        return new Object[] {next, before, twice};
    }

    /** What all of them give, a line each. */
    public static String all() {
        LambdaCases cases = new LambdaCases();
        cases.conversions();
        cases.captures();
        cases.references();
        cases.failures();
        return cases.found.toString();
    }

    private void conversions() {
        IntToLong widens = LambdaCases::twice;
        add(widens.of(3));
        IntToLong boxes = LambdaCases::next;
        add(boxes.of(4));
        Function<Integer, Integer> unboxesAndBoxes = LambdaCases::twice;
        add(unboxesAndBoxes.apply(9));
        ToDouble<Integer> unboxesAndWidens = LambdaCases::twice;
        add(unboxesAndWidens.of(2));
        ToDouble<Float> floats = LambdaCases::half;
        add(floats.of(2.5f));
        ToDouble<Character> characters = x -> x;
        add(characters.of('x'));
        ToLongFunction<Integer> ofAbox = Integer::intValue;
        add(ofAbox.applyAsLong(8));
        OfByte bytes = x -> x;
        add(bytes.of((byte) -3));
        Wide wide = (a, b, c, d) -> a + b + c + d.length;
        add(wide.of(1L << 40, 2.5f, 'a', new Object[3]));
        Larger<String> generic = (a, b) -> a.compareTo(b) > 0 ? a : b;
        add(generic.of("a", "b"));
        Larger<Integer> primitive = Math::max;
        add(primitive.of(3, 9));
        ToInt<Number> abstractly = Number::intValue;
        add(abstractly.of(4.7));
        ToDoubleFunction<String> ofAnyNumber = Map.of("a", 2.5f)::get;
        add(ofAnyNumber.applyAsDouble("a"));
        ToLongFunction<Integer> ofTheSame = LambdaCases::same;
        add(ofTheSame.applyAsLong(6));
        Predicate<Boolean> ofATruth = LambdaCases::same;
        add(ofATruth.test(true));
        Runnable withoutItsResult = System::nanoTime;
        withoutItsResult.run();
        Function<Integer, Long> castInside = x -> (long) x;
        add(castInside.apply(4));
    }

    private void captures() {
        long a = 3;
        double b = 2.5;
        int c = 1;
        float d = 4;
        short e = 2;
        boolean f = true;
        char g = 'z';
        byte h = 1;
        char[] i = {'q'};
        Supplier<String> each = () -> a + "|" + b + "|" + c + "|" + d + "|" + e + "|" + f + "|" + g + "|" + h + "|"
                + Arrays.toString(i) + "|" + sum(a, b);
        add(each.get());
        BooleanSupplier one = () -> f;
        add(one.getAsBoolean());
        Function<Function<Integer, Integer>, Supplier<Integer>> nested = fn -> () -> fn.apply(c) + (int) a;
        add(nested.apply(x -> x + 100).get());
        Runnable stays = (Runnable & Serializable) () -> add("serializable");
        stays.run();
        Inner inner = new Inner();
        add(inner.lambda.getAsInt() + inner.reference.getAsInt());
        add(new WithDefault() {}.inside().get());
        add(WithDefault.next().applyAsInt(4));
        add(Constant.PLAIN.at(1) + Constant.WITH_BODY.at(3));
    }

    private void references() {
        BiFunction<Long, Double, Long> bound = this::sum;
        add(bound.apply(3L, 2.0));
        Function<Object, String> unbound = Object::toString;
        add(unbound.apply(7));
        Supplier<List<String>> constructor = ArrayList::new;
        add(constructor.get());
        Function<LambdaCases, Inner> inner = x -> x.new Inner();
        add(inner.apply(this).reference.getAsInt());
        IntFunction<String[]> array = String[]::new;
        add(array.apply(2).length);
        UnaryOperator<int[]> ofAnArray = int[]::clone;
        add(ofAnArray.apply(new int[] {5})[0]);
        BiConsumer<List<String>, String> ofAnInterface = List::add;
        List<String> list = new ArrayList<>();
        ofAnInterface.accept(list, "x");
        add(list);
        Two ofAnyNumber = Arrays::asList;
        add(ofAnyNumber.of("a", "b"));
        Predicate<String> withDefaults = String::isEmpty;
        add(withDefaults.negate().test(""));
        Comparator<String> comparator = Comparator.comparing(String::length);
        add(comparator.compare("a", "bb"));
        add(Stream.of(3, 1, 2)
                .sorted(Comparator.reverseOrder())
                .map(x -> x * 1.5)
                .collect(Collectors.toList()));
    }

    private void failures() {
        Runnable fails = () -> {
            throw new IllegalStateException("a line");
        };
        try {
            fails.run();
        } catch (IllegalStateException e) { // the line of the expression, whether a class of its own shows it or not
            add(Stream.of(e.getStackTrace())
                    .filter(s -> !s.getClassName().contains("$$Lambda$"))
                    .map(s -> s.getClassName() + ":" + s.getLineNumber())
                    .limit(3)
                    .toList());
        }
        Function ofIntegers = (Function<Integer, Integer>) LambdaCases::twice;
        Function ofTexts = (Function<String, String>) Object::toString;
        for (Function f : List.of(ofIntegers, ofTexts)) {
            for (Object x : new Object[] {"text", 3}) {
                try {
                    add(f.apply(x));
                } catch (ClassCastException e) {
                    add("another type");
                }
            }
        }
        String nothing = null;
        try {
            Supplier<Integer> ofNothing = nothing::length;
            add(ofNothing.get());
        } catch (NullPointerException e) {
            add("nothing");
        }
    }
}
