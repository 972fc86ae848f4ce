using Microsoft.Extensions.DependencyInjection;
using RateLimiter.Application.Configuration;

namespace RateLimiter.Application.Reservations;

internal static class ReservationServices
{
    public static IServiceCollection AddReservations(this IServiceCollection services) =>
        services.AddHosted<ReservationMetrics>();
}
