package dev.fathom.onnx;

import java.util.HashMap;
import java.util.Map;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** One operator: how it is computed, and which of its inputs are more than data. */
final class Operator {
    /** Computes the outputs of a node, each of which {@link Step} knows as a value. */
    interface Rule {
        @Nullable
        Object[] of(Step s);
    }

    /** Computes the output of an operator that has one, or of whose outputs only the first is computed. */
    interface One {
        Object of(Step s);
    }

    /** In which order a node wants the dimensions of a weight of this rank. */
    interface Order {
        int[] of(Node node, int rank);
    }

    private final Rule rule;
    private final Map<Integer, Order> orders = new HashMap<>();
    private int settings = Integer.MAX_VALUE;
    private int statistics = Integer.MAX_VALUE;

    /** An operator of any number of outputs. */
    Operator(Rule rule) {
        this.rule = rule;
    }

    /** An operator that has one output, or of whose outputs only the first is computed. */
    static Operator one(One rule) {
        return new Operator(s -> new Object[] {rule.of(s)});
    }

    /** The inputs from this one on are known before the graph runs, and no weights. */
    Operator settings(int from) {
        settings = from;
        return this;
    }

    /** The inputs from this one on are statistics, which are not trained. */
    Operator statistics(int from) {
        statistics = from;
        return this;
    }

    /** This input is a weight, whose dimensions the kernels want in another order, or whose elements are quantized. */
    Operator weight(int input, Order order) {
        orders.put(input, order);
        return this;
    }

    /** This input is a weight in the graph's own order. */
    Operator weight(int input) {
        return weight(input, (node, rank) -> inOrder(rank));
    }

    boolean isSetting(int input) {
        return input >= settings;
    }

    boolean isStatistic(int input) {
        return input >= statistics;
    }

    boolean isWeight(int input) {
        return orders.containsKey(input);
    }

    int[] order(Node node, int input, int rank) {
        Order order = orders.get(input);
        return order == null ? inOrder(rank) : order.of(node, rank);
    }

    static int[] inOrder(int rank) {
        return IntStream.range(0, rank).toArray();
    }

    @Nullable
    Object[] of(Step s) {
        return rule.of(s);
    }
}
