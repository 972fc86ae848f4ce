using RateLimiter.Application.Clients;
using RateLimiter.Application.Keys;
using RateLimiter.Application.Sessions;

namespace RateLimiter.ArchitectureTests;

/// <summary>The dashboard knows use cases, and none of what they use.</summary>
public sealed class DashboardTests
{
    private const string Dashboard = "RateLimiter.Dashboard";

    /// <summary>Signing in and sessions find out whose a key is, and keep the session.</summary>
    private static readonly string[] Sessions = [$"{Dashboard}.Sessions", $"{Dashboard}.SigningIn"];

    private static readonly string[] PortsOfSessions =
    [
        typeof(ISessionKeys).FullName!,
        typeof(ISessions).FullName!,
    ];

    [Test]
    public void Dashboard_AnyType_KnowsNoPorts() =>
        Layers
            .TypesOf(Layers.Dashboard)
            .MustNotDependOn([
                typeof(ClientDirectory).FullName!,
                .. Ports().Except(PortsOfSessions),
            ]);

    [Test]
    public void Dashboard_OutsideOfSessions_KnowsNeitherTheAuthenticatorNorWhatIsKeptOfSessions() =>
        Layers
            .TypesOf(Layers.Dashboard)
            .And()
            .DoNotResideInNamespace(Sessions[0])
            .And()
            .DoNotResideInNamespace(Sessions[1])
            .MustNotDependOn([typeof(Authenticator).FullName!, .. PortsOfSessions]);

    [TestCase(".razor")]
    [TestCase(".cs")]
    [TestCase(".css")]
    public void Files_AnyOfThem_HaveNoMoreThan300Lines(string extension)
    {
        var files = Files(extension);

        Assert.That(files, Is.Not.Empty);
        Assert.That(files.Where(file => File.ReadLines(file).Count() > 300), Is.Empty);
    }

    [Test]
    public void Components_AnyOfThem_HaveTheirCodeInAFileBeside() =>
        Assert.That(
            Files(".razor")
                .Where(file =>
                    File.ReadAllText(file).Contains("\n@code", StringComparison.Ordinal)
                ),
            Is.Empty
        );

    private static IReadOnlyList<string> Files(string extension) =>
        [
            .. SourceTests
                .SourceFiles(extension)
                .Where(file => file.StartsWith(Dashboard, StringComparison.Ordinal))
                .Select(file => Path.Combine(SourceTests.Root, file)),
        ];

    private static IEnumerable<string> Ports() =>
        Layers
            .Application.WrittenTypes()
            .Where(type => type.IsInterface)
            .Select(type => type.FullName!);
}
