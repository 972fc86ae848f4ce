using System.Reflection;
using AutoMapper;
using MediatR;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.Routing;
using NetArchTest.Rules;
using RateLimiter.Api.Http.Authentication;
using RateLimiter.Application.Checks;
using RateLimiter.Application.Clients;
using RateLimiter.Application.Keys;
using RateLimiter.Application.Policies;

namespace RateLimiter.ArchitectureTests;

public sealed class ControllerTests
{
    private static readonly Type[] Controllers =
    [
        .. Layers.Api.WrittenTypes().Where(type => type.IsSubclassOf(typeof(ControllerBase))),
    ];

    [Test]
    public void Controllers_AnyOfThem_AreSealedAndNamedSo()
    {
        Assert.That(Controllers, Is.Not.Empty);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(Controllers.Select(type => type.Name), Is.All.EndsWith("Controller"));
            Assert.That(Controllers.Where(type => !type.IsSealed), Is.Empty);
        }
    }

    [Test]
    public void Actions_EachOfThem_SayWhoMayCallThem()
    {
        var actions = Controllers.SelectMany(type =>
            type.GetMethods()
                .Where(method =>
                    // Of any method, where it is a bare route.
                    method.GetCustomAttributes<HttpMethodAttribute>().Any()
                    || method.GetCustomAttributes<RouteAttribute>().Any()
                )
        );

        Assert.That(
            actions
                .Where(action =>
                    action.GetCustomAttribute<RequiresScopeAttribute>() is null
                    == action.GetCustomAttribute<AllowAnonymousAttribute>() is null
                )
                .Select(action => action.Name),
            Is.Empty
        );
    }

    [Test]
    public void Controllers_AnyOfThem_HaveNoClock() =>
        Types
            .InAssembly(Layers.Api)
            .That()
            .Inherit(typeof(ControllerBase))
            .MustNotDependOn(typeof(TimeProvider).FullName!);

    [Test]
    public void Controllers_AnyOfThem_SendThroughMediatR()
    {
        var withoutMediator = Controllers.Where(type =>
            !Dependencies(type).Contains(typeof(IMediator))
        );

        Assert.That(withoutMediator, Is.Empty);
    }

    [Test]
    public void Controllers_AnyOfThem_AreGivenNothingButMediatorAndMapper() =>
        Assert.That(
            Controllers.SelectMany(Dependencies),
            Is.All.AnyOf(typeof(IMediator), typeof(IMapper))
        );

    [Test]
    public void Controllers_AnyOfThem_KnowNoPortsAndNoInfrastructure() =>
        Types
            .InAssembly(Layers.Api)
            .That()
            .Inherit(typeof(ControllerBase))
            .MustNotDependOn(
                "RateLimiter.Infrastructure",
                typeof(IClientRepository).FullName!,
                typeof(IClientChanges).FullName!,
                typeof(ClientDirectory).FullName!,
                typeof(IKeyRepository).FullName!,
                typeof(IPolicyRepository).FullName!,
                typeof(ICounterStore).FullName!
            );

    private static IEnumerable<Type> Dependencies(Type controller) =>
        controller
            .GetConstructors()
            .SelectMany(constructor => constructor.GetParameters())
            .Select(parameter => parameter.ParameterType);
}
