package dev.fathom.build;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.objectweb.asm.Handle;
import org.objectweb.asm.Label;
import org.objectweb.asm.MethodVisitor;
import org.objectweb.asm.Opcodes;
import org.objectweb.asm.Type;
import org.objectweb.asm.tree.AbstractInsnNode;
import org.objectweb.asm.tree.ClassNode;
import org.objectweb.asm.tree.FieldInsnNode;
import org.objectweb.asm.tree.InvokeDynamicInsnNode;
import org.objectweb.asm.tree.MethodInsnNode;

/**
 * The class of a lambda or a method reference, or of several that an outer class has of one functional interface. An
 * object holds the captured values, and which expression made it if there are several, and calls what
 * {@link java.lang.invoke.LambdaMetafactory} specifies, with these and the arguments. One class for several takes less
 * of a jar, and of a start.
 */
final class LambdaClass implements Opcodes {
    private static final String OBJECT = "java/lang/Object";
    private static final String EXPRESSION = "expression";

    private static final List<Type> PRIMITIVES = List.of(
            Type.BOOLEAN_TYPE,
            Type.CHAR_TYPE,
            Type.BYTE_TYPE,
            Type.SHORT_TYPE,
            Type.INT_TYPE,
            Type.LONG_TYPE,
            Type.FLOAT_TYPE,
            Type.DOUBLE_TYPE);

    private final ClassNode node = new ClassNode();
    private final Type interfaceType;
    private final List<Expression> expressions = new ArrayList<>();
    /** The types of the fields for captured values, which expressions share. */
    private final List<Type> fields = new ArrayList<>();

    private static final class Expression {
        final InvokeDynamicInsnNode of;
        final Handle called;
        final int line;
        final Type[] captured;
        /** Where the captured values are among the fields. */
        final int[] places;

        Expression(InvokeDynamicInsnNode of, Handle called, int line) {
            this.of = of;
            this.called = called;
            this.line = line;
            captured = Type.getArgumentTypes(of.desc);
            places = new int[captured.length];
        }
    }

    LambdaClass(ClassNode outer, ClassNode host, String name, Type interfaceType) {
        this.interfaceType = interfaceType;
        node.visit(outer.version, ACC_FINAL | ACC_SUPER | ACC_SYNTHETIC, name, null, OBJECT, new String[] {
            interfaceType.getInternalName()
        });
        node.visitSource(outer.sourceFile, null);
        node.visitNestHost(host.name);
    }

    /** Returns what takes the place of an expression: captured values are on the stack, the object will be. */
    AbstractInsnNode add(InvokeDynamicInsnNode of, Handle called, int line) {
        Expression e = new Expression(of, called, line);
        for (int i = 0; i < e.captured.length; i++) {
            e.places[i] = place(held(e.captured[i]), e.places, i);
        }
        String name = name(expressions.size());
        expressions.add(e);
        return e.captured.length == 0
                ? new FieldInsnNode(GETSTATIC, node.name, name, interfaceType.getDescriptor())
                : new MethodInsnNode(INVOKESTATIC, node.name, name, of.desc);
    }

    /** The first field of this type that none of the {@code count} values in {@code taken} has. */
    private int place(Type type, int[] taken, int count) {
        for (int f = 0; f < fields.size(); f++) {
            int field = f;
            if (fields.get(f).equals(type) && Arrays.stream(taken, 0, count).noneMatch(t -> t == field)) {
                return f;
            }
        }
        fields.add(type);
        return fields.size() - 1;
    }

    /** The type of the field that holds a value. */
    private static Type held(Type t) {
        return !isPrimitive(t) ? Type.getObjectType(OBJECT) : width(t) == 0 ? Type.INT_TYPE : t;
    }

    private static String name(int expression) {
        return "of" + expression;
    }

    private static String field(int i) {
        return "c" + i;
    }

    // ---- the class, once all expressions are there

    ClassNode made() {
        addConstructor();
        MethodVisitor m = node.visitMethod(ACC_STATIC, "<clinit>", "()V", null, null);
        for (int i = 0; i < expressions.size(); i++) {
            Expression e = expressions.get(i);
            if (e.captured.length == 0) {
                node.visitField(ACC_STATIC | ACC_FINAL, name(i), interfaceType.getDescriptor(), null, null);
                addObject(m, i);
                m.visitFieldInsn(PUTSTATIC, node.name, name(i), interfaceType.getDescriptor());
            } else {
                MethodVisitor factory = node.visitMethod(ACC_STATIC, name(i), e.of.desc, null, null);
                addObject(factory, i);
                end(factory, ARETURN);
            }
        }
        end(m, RETURN);
        addMethod();
        return node;
    }

    private boolean isShared() {
        return expressions.size() > 1;
    }

    private String constructor() {
        List<Type> all = new ArrayList<>(isShared() ? List.of(Type.INT_TYPE) : List.of());
        all.addAll(fields);
        return Type.getMethodDescriptor(Type.VOID_TYPE, all.toArray(Type[]::new));
    }

    private void addConstructor() {
        MethodVisitor m = node.visitMethod(ACC_PRIVATE, "<init>", constructor(), null, null);
        m.visitVarInsn(ALOAD, 0);
        m.visitMethodInsn(INVOKESPECIAL, OBJECT, "<init>", "()V", false);
        int local = isShared() ? addField(m, EXPRESSION, Type.INT_TYPE, 1) : 1;
        for (int i = 0; i < fields.size(); i++) {
            local = addField(m, field(i), fields.get(i), local);
        }
        end(m, RETURN);
    }

    /** Declares a field and fills it from a local variable; returns the next one. */
    private int addField(MethodVisitor m, String name, Type type, int local) {
        node.visitField(ACC_PRIVATE | ACC_FINAL, name, type.getDescriptor(), null, null);
        m.visitVarInsn(ALOAD, 0);
        m.visitVarInsn(type.getOpcode(ILOAD), local);
        m.visitFieldInsn(PUTFIELD, node.name, name, type.getDescriptor());
        return local + type.getSize();
    }

    /** Puts an object on the stack, made of the captured values in the local variables. */
    private void addObject(MethodVisitor m, int expression) {
        Expression e = expressions.get(expression);
        m.visitTypeInsn(NEW, node.name);
        m.visitInsn(DUP);
        if (isShared()) {
            m.visitIntInsn(SIPUSH, expression);
        }
        for (int f = 0; f < fields.size(); f++) {
            int local = 0;
            int from = -1;
            for (int i = 0; i < e.captured.length; i++) {
                from = e.places[i] == f ? local : from;
                local += e.captured[i].getSize();
            }
            int[] nothing = {ICONST_0, LCONST_0, FCONST_0, DCONST_0};
            if (from >= 0) {
                m.visitVarInsn(fields.get(f).getOpcode(ILOAD), from);
            } else {
                m.visitInsn(isPrimitive(fields.get(f)) ? nothing[width(fields.get(f))] : ACONST_NULL);
            }
        }
        m.visitMethodInsn(INVOKESPECIAL, node.name, "<init>", constructor(), false);
    }

    /** The method of the interface, which all expressions share. */
    private void addMethod() {
        InvokeDynamicInsnNode first = expressions.get(0).of;
        Type erased = (Type) first.bsmArgs[0];
        MethodVisitor m = node.visitMethod(ACC_PUBLIC, first.name, erased.getDescriptor(), null, null);
        Label[] labels = expressions.stream().map(e -> new Label()).toArray(Label[]::new);
        if (isShared()) {
            m.visitVarInsn(ALOAD, 0);
            m.visitFieldInsn(GETFIELD, node.name, EXPRESSION, "I");
            m.visitTableSwitchInsn(0, labels.length - 1, labels[0], labels);
        }
        for (int i = 0; i < labels.length; i++) {
            m.visitLabel(labels[i]);
            m.visitLineNumber(expressions.get(i).line, labels[i]);
            if (isShared()) {
                m.visitFrame(F_SAME, 0, null, 0, null);
            }
            addCall(m, expressions.get(i), erased);
            m.visitInsn(erased.getReturnType().getOpcode(IRETURN));
        }
        m.visitMaxs(0, 0);
        m.visitEnd();
    }

    private void addCall(MethodVisitor m, Expression e, Type erased) {
        Handle called = e.called;
        boolean makes = called.getTag() == H_NEWINVOKESPECIAL;
        boolean isStatic = called.getTag() == H_INVOKESTATIC;
        if (makes) {
            m.visitTypeInsn(NEW, called.getOwner());
            m.visitInsn(DUP);
        }
        List<Type> wanted = new ArrayList<>();
        if (!makes && !isStatic) {
            wanted.add(Type.getObjectType(called.getOwner()));
        }
        wanted.addAll(Arrays.asList(Type.getArgumentTypes(called.getDesc())));
        for (int i = 0; i < e.captured.length; i++) {
            Type field = fields.get(e.places[i]);
            m.visitVarInsn(ALOAD, 0);
            m.visitFieldInsn(GETFIELD, node.name, field(e.places[i]), field.getDescriptor());
            convert(m, field, field, e.captured[i]);
        }
        Type[] exact = ((Type) e.of.bsmArgs[2]).getArgumentTypes();
        int local = 1;
        for (int i = 0; i < exact.length; i++) {
            Type t = erased.getArgumentTypes()[i];
            m.visitVarInsn(t.getOpcode(ILOAD), local);
            convert(m, t, exact[i], wanted.get(e.captured.length + i));
            local += t.getSize();
        }
        int opcode = isStatic
                ? INVOKESTATIC
                : makes ? INVOKESPECIAL : called.isInterface() ? INVOKEINTERFACE : INVOKEVIRTUAL;
        m.visitMethodInsn(opcode, called.getOwner(), called.getName(), called.getDesc(), called.isInterface());
        Type given = makes ? Type.getObjectType(called.getOwner()) : Type.getReturnType(called.getDesc());
        if (erased.getReturnType() == Type.VOID_TYPE && given != Type.VOID_TYPE) {
            m.visitInsn(given.getSize() == 2 ? POP2 : POP);
        } else if (given != Type.VOID_TYPE) {
            Type exactResult = ((Type) e.of.bsmArgs[2]).getReturnType();
            convert(m, given, isPrimitive(erased.getReturnType()) ? given : exactResult, erased.getReturnType());
        }
    }

    static void end(MethodVisitor m, int opcode) {
        m.visitInsn(opcode);
        m.visitMaxs(0, 0); // ASM counts
        m.visitEnd();
    }

    // ---- conversions of a value

    /** A value of type {@code from}, which is known to be an {@code exact}, as a {@code to}. */
    private static void convert(MethodVisitor m, Type from, Type exact, Type to) {
        if (isPrimitive(from) && isPrimitive(to)) {
            widen(m, from, to);
        } else if (isPrimitive(from)) {
            String box = box(from);
            String method = Type.getMethodDescriptor(Type.getObjectType(box), from);
            m.visitMethodInsn(INVOKESTATIC, box, "valueOf", method, false);
        } else if (isPrimitive(to)) {
            unbox(m, exact, to);
        } else {
            cast(m, from, exact);
            cast(m, exact, to);
        }
    }

    private static void cast(MethodVisitor m, Type from, Type to) {
        if (!from.equals(to) && !to.getInternalName().equals(OBJECT)) {
            m.visitTypeInsn(CHECKCAST, to.getInternalName());
        }
    }

    /** The value of a box, or of any number where the type does not say of which. */
    private static void unbox(MethodVisitor m, Type exact, Type to) {
        Type held = PRIMITIVES.stream()
                .filter(t -> box(t).equals(exact.getInternalName()))
                .findFirst()
                .orElse(to);
        boolean isAny = held == to && !box(to).equals(exact.getInternalName());
        boolean isNumber = to != Type.BOOLEAN_TYPE && to != Type.CHAR_TYPE;
        String box = isAny && isNumber ? "java/lang/Number" : box(held);
        m.visitTypeInsn(CHECKCAST, box);
        m.visitMethodInsn(INVOKEVIRTUAL, box, held.getClassName() + "Value", Type.getMethodDescriptor(held), false);
        widen(m, held, to);
    }

    private static void widen(MethodVisitor m, Type from, Type to) {
        int[][] opcodes = {{NOP, I2L, I2F, I2D}, {NOP, NOP, L2F, L2D}, {NOP, NOP, NOP, F2D}, {NOP, NOP, NOP, NOP}};
        int opcode = opcodes[width(from)][width(to)];
        if (opcode != NOP) {
            m.visitInsn(opcode);
        }
    }

    /** What the stack holds: int, also for shorter types, long, float or double. */
    private static int width(Type t) {
        return switch (t.getSort()) {
            case Type.LONG -> 1;
            case Type.FLOAT -> 2;
            case Type.DOUBLE -> 3;
            default -> 0;
        };
    }

    static boolean isPrimitive(Type t) {
        return t.getSort() < Type.ARRAY;
    }

    static String box(Type t) {
        return switch (t.getSort()) {
            case Type.BOOLEAN -> "java/lang/Boolean";
            case Type.CHAR -> "java/lang/Character";
            case Type.BYTE -> "java/lang/Byte";
            case Type.SHORT -> "java/lang/Short";
            case Type.INT -> "java/lang/Integer";
            case Type.LONG -> "java/lang/Long";
            case Type.FLOAT -> "java/lang/Float";
            case Type.DOUBLE -> "java/lang/Double";
            default -> throw new IllegalArgumentException(t + " is in no box");
        };
    }
}
