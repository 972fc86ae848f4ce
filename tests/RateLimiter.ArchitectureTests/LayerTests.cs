using System.Reflection;
using NetArchTest.Rules;

namespace RateLimiter.ArchitectureTests;

public sealed class LayerTests
{
    private const string Application = "RateLimiter.Application";
    private const string Infrastructure = "RateLimiter.Infrastructure";
    private const string Dashboard = "RateLimiter.Dashboard";
    private const string Api = "RateLimiter.Api";

    private static readonly string[] Stores =
    [
        "StackExchange.Redis",
        "Garnet",
        "Tsavorite",
        "Npgsql",
        "Microsoft.EntityFrameworkCore",
    ];
    private static readonly string[] Web = ["Microsoft.AspNetCore", "AutoMapper", "NSwag"];

    private const string Validation = "FluentValidation";

    [Test]
    public void Domain_AnyType_DependsOnNoOtherLayerAndNoFramework() =>
        Layers
            .TypesOf(Layers.Domain)
            .MustNotDependOn([
                Application,
                Infrastructure,
                Dashboard,
                Api,
                "MediatR",
                "BitFaster",
                "Microsoft",
                Validation,
                .. Stores,
                .. Web,
            ]);

    [Test]
    public void Domain_Assembly_ReferencesOnlyTheRuntimeAndTheRulesOfCalendars() =>
        Assert.That(References(Layers.Domain), Is.All.StartsWith("System.").Or.EqualTo("NodaTime"));

    [Test]
    public void Application_AnyType_DependsOnNoOuterLayerNorTheirFrameworks() =>
        Layers
            .TypesOf(Layers.Application)
            .MustNotDependOn([
                Infrastructure,
                Dashboard,
                Api,
                $"{Validation}.AspNetCore",
                .. Stores,
                .. Web,
            ]);

    [Test]
    public void Application_Assembly_ReferencesTheRulesOfValidationButNotTheirHosting() =>
        Assert.That(
            References(Layers.Application)
                .Where(reference => reference.StartsWith(Validation, StringComparison.Ordinal)),
            Is.EqualTo([Validation])
        );

    [Test]
    public void Infrastructure_AnyType_DependsNeitherOnTheApiNorItsFrameworks() =>
        Layers
            .TypesOf(Layers.Infrastructure)
            .MustNotDependOn([Dashboard, Api, "MediatR", Validation, .. Web]);

    [Test]
    public void Infrastructure_Assembly_IsTheOnlyOneThatReferencesTheStores()
    {
        var knowing = Layers.All.Where(layer =>
            References(layer)
                .Any(reference =>
                    Stores.Any(store => reference.StartsWith(store, StringComparison.Ordinal))
                )
        );

        Assert.That(knowing, Is.EqualTo(new[] { Layers.Infrastructure }));
    }

    [Test]
    public void Dashboard_AnyType_DependsNeitherOnTheApiNorOnInfrastructure() =>
        Layers.TypesOf(Layers.Dashboard).MustNotDependOn([Infrastructure, Api, .. Stores]);

    [Test]
    public void Api_AnyType_DependsNotOnTheStores() =>
        Layers.TypesOf(Layers.Api).MustNotDependOn(Stores);

    [Test]
    public void Api_OutsideOfHosting_DependsNotOnInfrastructure() =>
        Types
            .InAssembly(Layers.Api)
            .That()
            .ResideInNamespaceStartingWith("RateLimiter.Api.")
            .And()
            .DoNotResideInNamespace("RateLimiter.Api.Hosting")
            .MustNotDependOn(Infrastructure);

    private static IEnumerable<string> References(Assembly assembly) =>
        assembly.GetReferencedAssemblies().Select(reference => reference.Name!);
}
