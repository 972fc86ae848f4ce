using System.Reflection;
using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace RateLimiter.Configuration;

/// <summary>
/// The documentation comments of options as Markdown. A reference to another option becomes its variable, a link to a page of
/// <c>docs</c>, which a comment names from the root of the repository, a link from a page beside it.
/// </summary>
internal sealed partial class Comments
{
    private const string Folder = "docs/";

    private readonly ILookup<string, XElement> summaries;
    private readonly Dictionary<string, string> names = [];

    /// <summary>Reads the comments from the files that the build writes beside the assemblies.</summary>
    public Comments(IReadOnlyList<OptionSection> sections)
    {
        summaries = sections
            .Select(section => section.Type.Assembly)
            .Distinct()
            .Select(assembly => Path.ChangeExtension(assembly.Location, ".xml"))
            // The space between two elements is text too.
            .SelectMany(file =>
                XDocument.Load(file, LoadOptions.PreserveWhitespace).Descendants("member")
            )
            .ToLookup(member => member.Attribute("name")!.Value);
        foreach (var option in sections.SelectMany(section => section.Options))
        {
            names[Id(option.Property)] = option.Variable;
            foreach (var (member, text) in option.Choices)
            {
                names[$"F:{option.Property.PropertyType.FullName}.{member}"] = text;
            }
        }
    }

    /// <summary>The summary of a class.</summary>
    /// <exception cref="InvalidDataException">There is none, or an element in it has no form in Markdown.</exception>
    public string Of(Type type) => Summary($"T:{type.FullName}");

    /// <summary>The summary of a property.</summary>
    /// <exception cref="InvalidDataException">There is none, or an element in it has no form in Markdown.</exception>
    public string Of(PropertyInfo property) => Summary(Id(property));

    private static string Id(PropertyInfo property) =>
        $"P:{property.DeclaringType!.FullName}.{property.Name}";

    private string Summary(string id) =>
        summaries[id].Elements("summary").FirstOrDefault() is { } summary
            ? Content(summary, id).Trim()
            : throw new InvalidDataException($"{id} has no summary.");

    private string Content(XElement element, string id) =>
        string.Concat(element.Nodes().Select(node => Markdown(node, id)));

    private string Markdown(XNode node, string id) =>
        node switch
        {
            XText text => Space().Replace(text.Value, " "),
            XElement { Name.LocalName: "c" } code => $"`{code.Value}`",
            XElement { Name.LocalName: "see" } see when see.Attribute("href") is { } link =>
                $"[{Content(see, id)}]({FromThePage(link.Value)})",
            XElement { Name.LocalName: "see" } see
                when see.Attribute("cref") is { } reference
                    && names.TryGetValue(reference.Value, out var name) => $"`{name}`",
            _ => throw new InvalidDataException($"{id}: an operator cannot read {node}."),
        };

    private static string FromThePage(string link) =>
        link.StartsWith(Folder, StringComparison.Ordinal) ? link[Folder.Length..] : link;

    [GeneratedRegex(@"\s+")]
    private static partial Regex Space();
}
