using System.Reflection;
using Mono.Cecil;
using Mono.Cecil.Cil;
using ICustomAttributeProvider = Mono.Cecil.ICustomAttributeProvider;

namespace RateLimiter.ArchitectureTests;

/// <summary>
/// Which folders of a project use types of which others. A folder is a namespace below the project's, at most two levels
/// deep; what lies deeper belongs to the second level, and what lies in the project itself is the folder <c>.</c>.
/// </summary>
internal sealed class FolderGraph
{
    private readonly Dictionary<(string From, string To), HashSet<string>> uses = [];
    private readonly string project;
    private readonly int level;

    private FolderGraph(string project, int level) => (this.project, this.level) = (project, level);

    /// <param name="assembly">The path of the project's assembly.</param>
    /// <param name="level">1 for the folders of the project, 2 for those inside of each.</param>
    public static FolderGraph Of(string assembly, int level)
    {
        using var resolver = new DefaultAssemblyResolver();
        resolver.AddSearchDirectory(Path.GetDirectoryName(assembly));
        // An assembly that is not beside it belongs to a shared framework, which this process has loaded too.
        resolver.ResolveFailure += (_, name) =>
            AssemblyDefinition.ReadAssembly(Assembly.Load(name.FullName).Location);
        using var definition = AssemblyDefinition.ReadAssembly(
            assembly,
            new ReaderParameters { AssemblyResolver = resolver }
        );
        var graph = new FolderGraph(definition.Name.Name, level);
        foreach (var type in definition.MainModule.GetTypes())
        {
            foreach (var used in References(type))
            {
                graph.Add(type, used);
            }
        }

        return graph;
    }

    /// <summary>
    /// Each set of folders of which every one reaches every other, with an example of each use, as a text that begins with the
    /// names of the folders.
    /// </summary>
    public IReadOnlyList<string> Circles()
    {
        var folders = uses.Keys.SelectMany(edge => new[] { edge.From, edge.To }).ToHashSet();
        var reached = folders.ToDictionary(folder => folder, Reached);
        return
        [
            .. folders
                .Where(folder => reached[folder].Contains(folder))
                .Select(folder =>
                    folders
                        .Where(other =>
                            reached[folder].Contains(other) && reached[other].Contains(folder)
                        )
                        .Order(StringComparer.Ordinal)
                        .ToArray()
                )
                .DistinctBy(circle => string.Join(' ', circle))
                .Select(circle =>
                    string.Join(
                        "\n  ",
                        uses.Where(use =>
                                circle.Contains(use.Key.From) && circle.Contains(use.Key.To)
                            )
                            .Select(use =>
                                $"{use.Key.From} -> {use.Key.To}: {string.Join(", ", use.Value.Order(StringComparer.Ordinal).Take(5))}"
                            )
                            .Order(StringComparer.Ordinal)
                            .Prepend(string.Join(' ', circle))
                    )
                ),
        ];
    }

    private HashSet<string> Reached(string from)
    {
        HashSet<string> reached = [];
        var next = new Stack<string>([from]);
        while (next.TryPop(out var folder))
        {
            foreach (var (_, to) in uses.Keys.Where(edge => edge.From == folder))
            {
                if (reached.Add(to))
                {
                    next.Push(to);
                }
            }
        }

        return reached;
    }

    private void Add(TypeReference user, TypeReference used)
    {
        if (
            Folder(user) is { } from
            && Folder(used) is { } to
            && from != to
            && AreOneLevel(from, to)
        )
        {
            var key = (from, to);
            uses.TryAdd(key, []);
            uses[key].Add($"{Outermost(user).Name} uses {Outermost(used).Name}");
        }
    }

    // On the second level only folders inside of one and the same are compared: between the others the first level decides.
    private bool AreOneLevel(string from, string to) =>
        level == 1 || from.Split('/')[0] == to.Split('/')[0];

    private string? Folder(TypeReference type)
    {
        var name = Outermost(type).Namespace;
        if (name != project && !name.StartsWith(project + '.', StringComparison.Ordinal))
        {
            return null;
        }

        var path = name[project.Length..].Split('.', StringSplitOptions.RemoveEmptyEntries);
        return path.Length == 0 ? "." : string.Join('/', path.Take(level));
    }

    private static TypeReference Outermost(TypeReference type)
    {
        type = type.GetElementType();
        while (type.DeclaringType is { } outer)
        {
            type = outer;
        }

        return type;
    }

    private static IEnumerable<TypeReference> References(TypeDefinition type)
    {
        IEnumerable<TypeReference?> direct =
        [
            type.BaseType,
            .. type.Interfaces.Select(implemented => implemented.InterfaceType),
            .. Attributes(type),
            .. Constraints(type),
            .. type.Fields.SelectMany(field => Attributes(field).Prepend(field.FieldType)),
            .. type.Properties.SelectMany(Attributes),
            .. type.Methods.SelectMany(References),
        ];
        return direct.OfType<TypeReference>().SelectMany(Parts);
    }

    private static IEnumerable<TypeReference?> References(MethodDefinition method) =>
        [
            method.ReturnType,
            .. method.Parameters.Select(parameter => parameter.ParameterType),
            .. Attributes(method),
            .. Constraints(method),
            .. method.HasBody
                ? method
                    .Body.Variables.Select(variable => variable.VariableType)
                    .Concat(method.Body.Instructions.SelectMany(References))
                    .Concat(method.Body.ExceptionHandlers.Select(handler => handler.CatchType))
                : [],
        ];

    private static IEnumerable<TypeReference?> References(Instruction instruction) =>
        instruction.Operand switch
        {
            TypeReference type => [type],
            FieldReference field => [field.DeclaringType, field.FieldType],
            MethodReference method =>
            [
                method.DeclaringType,
                method.ReturnType,
                .. method.Parameters.Select(parameter => parameter.ParameterType),
                .. method is GenericInstanceMethod generic ? generic.GenericArguments : [],
            ],
            _ => [],
        };

    private static IEnumerable<TypeReference> Attributes(ICustomAttributeProvider member) =>
        member.CustomAttributes.SelectMany(attribute =>
            attribute
                .ConstructorArguments.Select(argument => argument.Value)
                .OfType<TypeReference>()
                .Prepend(attribute.AttributeType)
        );

    private static IEnumerable<TypeReference> Constraints(IGenericParameterProvider generic) =>
        generic.GenericParameters.SelectMany(parameter =>
            parameter.Constraints.Select(constraint => constraint.ConstraintType)
        );

    private static IEnumerable<TypeReference> Parts(TypeReference type) =>
        type switch
        {
            GenericInstanceType generic => generic
                .GenericArguments.SelectMany(Parts)
                .Prepend(generic.ElementType),
            TypeSpecification specified => Parts(specified.ElementType),
            GenericParameter => [],
            _ => [type],
        };
}
