using System.Text.Json;
using Microsoft.EntityFrameworkCore;

namespace RateLimiter.Infrastructure.Postgres.Database;

/// <summary>
/// The schema. Names are in snake case, and texts are compared byte for byte, as everywhere in the service.
/// </summary>
internal sealed class SystemOfRecordContext(DbContextOptions<SystemOfRecordContext> options)
    : DbContext(options)
{
    public const string Schema = "ratelimiter";
    public const string HistoryTable = "migrations";

    public DbSet<ClientRow> Clients => Set<ClientRow>();

    public DbSet<KeyRow> Keys => Set<KeyRow>();

    public DbSet<PolicyRow> Policies => Set<PolicyRow>();

    public DbSet<PolicyVersionRow> PolicyVersions => Set<PolicyVersionRow>();

    public DbSet<OverrideRow> Overrides => Set<OverrideRow>();

    public DbSet<AuditRow> Audit => Set<AuditRow>();

    public DbSet<OutboxRow> Outbox => Set<OutboxRow>();

    public DbSet<AuditSettingsRow> AuditSettings => Set<AuditSettingsRow>();

    protected override void OnModelCreating(ModelBuilder modelBuilder)
    {
        modelBuilder.HasDefaultSchema(Schema);
        modelBuilder.Entity<ClientRow>().ToTable("clients").HasKey(row => row.Id);
        modelBuilder.Entity<KeyRow>(keys =>
        {
            keys.ToTable("keys").HasKey(row => new { row.ClientId, row.Hash });
            keys.HasOne<ClientRow>().WithMany().HasForeignKey(row => row.ClientId);
            keys.Property(row => row.Id).IsRequired();
            keys.Property(row => row.Document).HasColumnType("json");
        });
        modelBuilder.Entity<PolicyRow>(policies =>
        {
            policies
                .ToTable("policies")
                .HasKey(row => new
                {
                    row.ClientId,
                    row.RouteKey,
                    row.Role,
                });
            policies.HasOne<ClientRow>().WithMany().HasForeignKey(row => row.ClientId);
            policies.Property(row => row.Document).HasColumnType("json");
        });
        modelBuilder.Entity<PolicyVersionRow>(versions =>
        {
            versions
                .ToTable("policy_versions")
                .HasKey(row => new
                {
                    row.ClientId,
                    row.RouteKey,
                    row.Role,
                    row.Version,
                });
            versions.HasOne<ClientRow>().WithMany().HasForeignKey(row => row.ClientId);
            versions.Property(row => row.Document).HasColumnType("json");
        });
        modelBuilder.Entity<OverrideRow>(overrides =>
        {
            overrides.ToTable("overrides").HasKey(row => new { row.ClientId, row.Id });
            overrides.HasOne<ClientRow>().WithMany().HasForeignKey(row => row.ClientId);
            overrides.Property(row => row.Document).HasColumnType("json");
        });
        modelBuilder.Entity<AuditRow>(audit =>
        {
            audit.ToTable("audit").HasKey(row => row.Id);
            audit.Property(row => row.Id).UseIdentityAlwaysColumn();
            audit.Property(row => row.Before).HasColumnType("json");
            audit.Property(row => row.After).HasColumnType("json");
            audit.HasIndex(row => new { row.ClientId, row.Id }).IsDescending(false, true);
            // For deleting old entries: entries are almost in the order of their times.
            audit.HasIndex(row => row.At).HasMethod("brin");
        });
        modelBuilder.Entity<OutboxRow>(outbox =>
        {
            outbox.ToTable("announcements").HasKey(row => row.Id);
            outbox.Property(row => row.Id).UseIdentityAlwaysColumn();
        });
        modelBuilder.Entity<AuditSettingsRow>(settings =>
        {
            settings
                .ToTable("audit_settings", table => table.HasCheckConstraint("one_row", "id"))
                .HasKey(row => row.Id);
            settings.Property(row => row.Id).ValueGeneratedNever();
        });

        foreach (var entity in modelBuilder.Model.GetEntityTypes())
        {
            foreach (var property in entity.GetProperties())
            {
                property.SetColumnName(JsonNamingPolicy.SnakeCaseLower.ConvertName(property.Name));
                if (property.ClrType == typeof(string) && property.GetColumnType() != "json")
                {
                    property.SetCollation("C");
                }
            }
        }
    }
}
