using System.Reflection;
using System.Text.RegularExpressions;

namespace RateLimiter.ArchitectureTests;

public sealed partial class SourceTests
{
    private static readonly string Root = Path.GetFullPath(
        typeof(SourceTests)
            .Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
            .Single(metadata => metadata.Key == "SourcePath")
            .Value!
    );

    [Test]
    public void Namespaces_AnyFile_AreTheFoldersTheyAreIn()
    {
        var files = SourceFiles(".cs")
            .Where(file => Path.GetFileName(file) != "Program.cs")
            .ToList();

        Assert.That(files, Is.Not.Empty);
        var elsewhere = files.Where(file =>
            NamespaceLine().Match(Read(file)).Groups[1].Value
            != Path.GetDirectoryName(file)!.Replace(Path.DirectorySeparatorChar, '.')
        );
        Assert.That(elsewhere, Is.Empty);
    }

    [Test]
    public void Folders_AnyOfThem_SayWhatTheyAreFor()
    {
        string[] vague =
        [
            "Helpers",
            "Utils",
            "Utilities",
            "Interfaces",
            "Common",
            "Misc",
            "Services",
        ];
        var folders = SourceFiles("")
            .SelectMany(file => Path.GetDirectoryName(file)!.Split(Path.DirectorySeparatorChar));

        Assert.That(folders, Has.None.AnyOf(vague));
    }

    [Test]
    public void LuaScripts_AnyOfThem_SayInTheirHeaderWhatTheyWorkOn()
    {
        var scripts = SourceFiles(".lua").ToList();

        Assert.That(scripts, Is.Not.Empty);
        // A script that is a function works on what it is given.
        var silent = scripts.Where(script =>
            !WorksOn().IsMatch(Header(script)) && !Read(script).Contains("\nreturn function(")
        );
        Assert.That(silent, Is.Empty);
    }

    [Test]
    public void LuaScripts_AnyOfThem_StandInFilesOfTheirOwn()
    {
        var inside = SourceFiles(".cs").Where(file => Read(file).Contains("redis.call"));

        Assert.That(inside, Is.Empty);
    }

    private static string Header(string script) =>
        string.Join(
            '\n',
            Read(script)
                .Split('\n')
                .TakeWhile(line => line.StartsWith("--", StringComparison.Ordinal))
        );

    private static string Read(string file) => File.ReadAllText(Path.Combine(Root, file));

    /// <summary>Paths from the folder of the sources on.</summary>
    private static IEnumerable<string> SourceFiles(string extension) =>
        Directory
            .EnumerateFiles(Root, $"*{extension}", SearchOption.AllDirectories)
            .Select(file => Path.GetRelativePath(Root, file))
            .Where(file =>
                !file.Split(Path.DirectorySeparatorChar).Intersect(["bin", "obj"]).Any()
            );

    [GeneratedRegex("^namespace ([^;]+);", RegexOptions.Multiline)]
    private static partial Regex NamespaceLine();

    [GeneratedRegex(@"^-- (KEYS(\[|\s)|State: )", RegexOptions.Multiline)]
    private static partial Regex WorksOn();
}
