using System.Reflection;
using System.Text.RegularExpressions;
using Microsoft.Extensions.Hosting;
using RateLimiter.Application.Background;

namespace RateLimiter.ArchitectureTests;

/// <summary>
/// Nothing in the background can end without a line: it is a <see cref="RepeatingService"/> or runs in a
/// <see cref="BackgroundLoop"/>. What has a shape of its own stands here, with who receives its failures.
/// </summary>
public sealed partial class BackgroundWorkTests
{
    private static readonly Dictionary<string, string> OwnShapes = new()
    {
        ["RateLimiter.Api/Demo/DemoTraffic.cs"] = "It is awaited.",
        ["RateLimiter.Api/Logs/DecisionStreamResult.cs"] = "It is a request.",
        ["RateLimiter.Application/Background/BackgroundLoop.cs"] = "It is the shape.",
        ["RateLimiter.Application/Clients/ClientLoader.cs"] =
            "Each request for the client receives the failure.",
        ["RateLimiter.Application/Logs/DecisionFollower.cs"] =
            "Each follower receives the failure.",
        ["RateLimiter.Application/Background/RepeatingService.cs"] = "It is the shape.",
        ["RateLimiter.AspNetCore/ServiceRateLimiter.cs"] =
            "A reservation that is not released expires.",
        ["RateLimiter.Client/CheckBatcher.cs"] =
            "Each caller that waits for a check receives the failure.",
        ["RateLimiter.Dashboard/Components/AllowancePicture.razor.cs"] = "It is awaited.",
        ["RateLimiter.Dashboard/Components/LiveDecisions.razor.cs"] = "The page shows it.",
        ["RateLimiter.Dashboard/Pages/Overview.razor.cs"] = "The page shows it.",
        ["RateLimiter.Infrastructure/Postgres/Projection/ClientProjection.cs"] =
            "What is begun is tried in a loop's way.",
        ["RateLimiter.Infrastructure/Redis/Checks/CheckBatcher.cs"] =
            "Each caller that waits for a check receives the failure.",
        ["RateLimiter.Infrastructure/Embedded/EmbeddedHost.cs"] = "It is awaited.",
        ["RateLimiter.Infrastructure/Redis/Connection/RedisLink.cs"] =
            "What is begun is tried in a loop's way.",
        ["RateLimiter.Infrastructure/Redis/Connection/RedisMessages.cs"] =
            "What is begun is tried in a loop's way.",
        ["RateLimiter.Infrastructure/Clocks/Standstill.cs"] =
            "It only notes that what is known may be out of date.",
        ["RateLimiter.Client/ReservationKeeper.cs"] =
            "The holder of a reservation is told that it is lost.",
        ["RateLimiter.Infrastructure/Clocks/StoreClock.cs"] =
            "Each caller that waits for a store receives the failure.",
    };

    [Test]
    public void HostedServices_ThatWorkInTheBackground_AreRepeatingServices()
    {
        var services = Layers
            .All.SelectMany(layer => layer.WrittenTypes())
            .Where(type => type.IsSubclassOf(typeof(BackgroundService)))
            .ToList();

        Assert.That(services, Has.Count.GreaterThan(10));
        Assert.That(
            services.Where(type =>
                type != typeof(RepeatingService) && !type.IsSubclassOf(typeof(RepeatingService))
            ),
            Is.Empty
        );
    }

    [Test]
    public void Sources_WhatWorksInTheBackground_IsInASharedShapeOrSaysWhoIsTold()
    {
        var root = Path.GetFullPath(
            typeof(SourceTests)
                .Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
                .Single(metadata => metadata.Key == "SourcePath")
                .Value!
        );
        var files = Directory
            .EnumerateFiles(root, "*.cs", SearchOption.AllDirectories)
            .Select(file => Path.GetRelativePath(root, file))
            .Where(file =>
                !file.Split(Path.DirectorySeparatorChar)
                    .Intersect(["bin", "obj", "Generated"])
                    .Any() && Background().IsMatch(File.ReadAllText(Path.Combine(root, file)))
            )
            .Select(file => file.Replace(Path.DirectorySeparatorChar, '/'));

        Assert.That(files, Is.EquivalentTo(OwnShapes.Keys));
    }

    // Timers, threads, messages, and tasks that nobody waits for.
    [GeneratedRegex(
        @"new (PeriodicTimer|Timer|Thread)\(|\.CreateTimer\(|\.OnMessage\(|Task\.Run\(|\.ContinueWith\(|ThreadPool\.|^\s*_ = [\w.]+\(",
        RegexOptions.Multiline
    )]
    private static partial Regex Background();
}
