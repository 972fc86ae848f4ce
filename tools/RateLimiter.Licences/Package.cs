using System.Text.Json;
using System.Xml.Linq;

namespace RateLimiter.Licences;

/// <param name="Name">Its id.</param>
/// <param name="Version">Its version.</param>
/// <param name="Licence">The SPDX identifier of the licence; null when it is not known.</param>
/// <param name="Source">Where that is stated.</param>
internal sealed record Package(string Name, string Version, string? Licence, string Source)
{
    /// <summary>Licences behind URLs, and of packages that name none, as looked up manually.</summary>
    private static readonly Dictionary<string, string> LookedUp = new()
    {
        ["https://github.com/nlua/KeraLua/blob/main/LICENSE"] = "MIT",
        ["https://github.com/jbogard/MediatR/blob/master/LICENSE"] = "Apache-2.0",
        ["https://github.com/sprache/Sprache/blob/master/licence.txt"] = "MIT",
        ["https://github.com/dotnet/corefx/blob/master/LICENSE.TXT"] = "MIT",
        ["https://github.com/microsoft/DiskANN"] = "MIT",
    };

    /// <summary>The beginnings of the licences' texts.</summary>
    private static readonly (string Words, string Licence)[] Texts =
    [
        ("MIT License", "MIT"),
        ("Reciprocal Public License 1.5", "RPL-1.5 or commercial"),
    ];

    /// <summary>Reads the packages that have published files.</summary>
    /// <param name="assets">The assets file that the project's restore has written.</param>
    public static IReadOnlyList<Package> ReadAll(string assets)
    {
        using var document = JsonDocument.Parse(assets);
        var root = document.RootElement;
        // The target for all platforms; platform-specific targets have the platform's name after a slash.
        var target = root.GetProperty("targets")
            .EnumerateObject()
            .Single(target => !target.Name.Contains('/', StringComparison.Ordinal));
        var folders = root.GetProperty("packageFolders").EnumerateObject().Select(it => it.Name);
        return
        [
            .. from entry in target.Value.EnumerateObject()
            where entry.Value.GetProperty("type").GetString() == "package"
            where IsPublished(entry.Value)
            let path = root.GetProperty("libraries").GetProperty(entry.Name).GetProperty("path")
            let folder = folders
                .Select(folder => Path.Combine(folder, path.GetString()!))
                .First(Directory.Exists)
            orderby entry.Name.Split('/')[0].ToUpperInvariant()
            select Read(folder),
        ];
    }

    /// <summary>A row of a table.</summary>
    public string ToRow() => $"| {Name} | {Version} | {Licence} | {Source} |";

    private static bool IsPublished(JsonElement entry)
    {
        string[] kinds = ["runtime", "runtimeTargets", "native", "resource"];
        return kinds.Any(kind =>
            entry.TryGetProperty(kind, out var files)
            && files
                .EnumerateObject()
                .Any(file => !file.Name.EndsWith("/_._", StringComparison.Ordinal))
        );
    }

    private static Package Read(string folder)
    {
        var metadata = XDocument.Load(Directory.GetFiles(folder, "*.nuspec").Single()).Root!;
        var licence = Element("license");
        var (name, source) = licence?.Attribute("type")?.Value switch
        {
            "expression" => (licence.Value, "the package"),
            "file" => (OfText(Path.Combine(folder, licence.Value)), "its text, in the package"),
            _ => OfAddress(Element("licenseUrl")?.Value ?? Element("projectUrl")?.Value),
        };
        return new Package(Element("id")!.Value, Element("version")!.Value, name, source);

        XElement? Element(string name) =>
            metadata.Descendants().FirstOrDefault(element => element.Name.LocalName == name);
    }

    private static string? OfText(string path)
    {
        var text = File.ReadAllText(path);
        return Texts
            .FirstOrDefault(known => text.Contains(known.Words, StringComparison.Ordinal))
            .Licence;
    }

    private static (string? Licence, string Source) OfAddress(string? address) =>
        (LookedUp.GetValueOrDefault(address ?? ""), $"<{address}>");
}
