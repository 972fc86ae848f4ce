using YamlDotNet.RepresentationModel;

namespace RateLimiter.UnitTests.Deployment;

/// <summary>Reads the files of a deployment as their consumers would.</summary>
internal static class Yaml
{
    public static string PathOf(string file) =>
        Path.Combine(AppContext.BaseDirectory, "Deployment", "Files", file);

    /// <summary>The only document of a file.</summary>
    public static YamlNode Read(string file)
    {
        using var reader = File.OpenText(PathOf(file));
        var stream = new YamlStream();
        stream.Load(reader);
        return stream.Documents.Single().RootNode;
    }

    /// <summary>The node at a path of names; fails when there is none.</summary>
    public static YamlNode At(this YamlNode node, params string[] path) =>
        path.Aggregate(node, (at, name) => at[name]);

    public static string Text(this YamlNode node, params string[] path) =>
        ((YamlScalarNode)node.At(path)).Value!;

    public static IEnumerable<YamlNode> Items(this YamlNode node, params string[] path) =>
        (YamlSequenceNode)node.At(path);

    public static IReadOnlyDictionary<string, string> Texts(
        this YamlNode node,
        params string[] path
    ) =>
        ((YamlMappingNode)node.At(path)).ToDictionary(
            member => ((YamlScalarNode)member.Key).Value!,
            member => ((YamlScalarNode)member.Value).Value!
        );

    public static bool Has(this YamlNode node, string name) =>
        ((YamlMappingNode)node).Children.ContainsKey(name);
}
