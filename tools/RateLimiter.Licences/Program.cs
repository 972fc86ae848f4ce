using RateLimiter.Licences;

// Writes docs/licences.md: the packages that the service is published with, as they are restored, and their licences.
// With --check it writes nothing and fails when the page differs from what it would write.

const string page = "docs/licences.md";
const string assets = "src/RateLimiter.Api/obj/project.assets.json";

if (args is not ([] or ["--check"]) || !File.Exists(assets))
{
    Console.Error.WriteLine(
        "From the root of the repository, after a build: RateLimiter.Licences [--check]"
    );
    return 2;
}

var packages = Package.ReadAll(File.ReadAllText(assets));
var unknown = packages.Where(package => package.Licence is null).ToArray();
foreach (var package in unknown)
{
    Console.Error.WriteLine($"The licence of {package.Name} {package.Version} is not known.");
}

if (unknown.Length > 0)
{
    return 1;
}

var text = $"""
    # Licences

    The packages that the service is published with, those that others bring along included. Written by
    `dotnet run --project tools/RateLimiter.Licences` from what is restored and what each package says of itself; `.ci/run`
    fails when it is stale, or when the licence of a package is not known. The runtime and ASP.NET Core (MIT) come beside
    them. [Dependencies](dependencies.md) says what the packages are for, and what else the build and the tests use.

    | package | version | licence | which says |
    |---|---|---|---|
    {string.Join('\n', packages.Select(package => package.ToRow()))}

    """;
if (File.Exists(page) && File.ReadAllText(page) == text)
{
    return 0;
}

if (args is ["--check"])
{
    Console.Error.WriteLine($"{page} is not what the program writes today.");
    return 1;
}

File.WriteAllText(page, text);
Console.WriteLine($"Wrote {page}.");
return 0;
